import { AuthError } from 'postern/problem';
import type { AuthErrorOptions } from 'postern/problem';
import type { LimitState } from './limit.js';
import { rateLimitHeadersOf } from './rate-limit/rate-limit-headers.js';

const EXAMPLE: LimitState = {
  name: 'account-network',
  key: '',
  points: 10,
  seconds: 900,
  remaining: 0,
  waitSeconds: 90,
};

/**
 * A limit has no point left. `Retry-After` gives the delay in seconds. `RateLimit-Policy` and `RateLimit` name the
 * limit. The response does not depend on the existence of an account.
 * @see RFC 6585 §4, draft-ietf-httpapi-ratelimit-headers-10
 */
export class TooManyRequestsError extends AuthError {
  readonly code = 'too-many-requests';
  readonly status = 429;
  readonly title = 'Too many attempts. Try again later.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { ...headersOf(EXAMPLE), ...options.headers } });
  }

  /** Creates the error for the limit that has no point left. */
  static of(state: LimitState): TooManyRequestsError {
    return new TooManyRequestsError(undefined, { headers: headersOf(state) });
  }
}

/** The codes of this lib's errors. */
export type LimitsErrorCode = TooManyRequestsError['code'];

function headersOf(state: LimitState): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(state.waitSeconds))), ...rateLimitHeadersOf([state]) };
}
