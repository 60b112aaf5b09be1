/** The close code of a WebSocket whose token is missing, invalid, expired, or revoked. It follows the status 401. */
export const UNAUTHENTICATED_CLOSE = 4401;

/** The close code of a WebSocket whose principal lacks a right. It follows the status 403. */
const FORBIDDEN_CLOSE = 4403;

/** "Try Again Later" and "Internal Error". @see https://www.iana.org/assignments/websocket */
const TRY_AGAIN_CLOSE = 1013;
const INTERNAL_ERROR_CLOSE = 1011;

/** The close code for the status of a problem. @see RFC 6455 §7.4.2 */
export function closeCodeOf(status: number): number {
  if (status === 401) return UNAUTHENTICATED_CLOSE;
  if (status === 503) return TRY_AGAIN_CLOSE;
  return status >= 500 ? INTERNAL_ERROR_CLOSE : FORBIDDEN_CLOSE;
}
