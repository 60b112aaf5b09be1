import type { GuardedRequest } from '../guard/guarded-request.js';
import type { Principal } from '../guard/principal.js';

/** A message whose token is in one place, which does not depend on the `tokenSources` of the settings. */
export class MessageRequest implements GuardedRequest {
  headers: { authorization?: unknown };
  /** The request of HTTP that the headers are of. The guard reads the `tokenSources` in it. */
  readonly raw?: object;
  principal?: Principal;
  user?: unknown;

  /**
   * @param authorization `Bearer`, a space, and the token. The guard rejects any other value, also a list, and takes
   *   `undefined` for a message without a token.
   */
  constructor(authorization: unknown) {
    this.headers = { authorization };
  }
}

/** The name of the header, the metadata, or the property that holds the token on every transport. */
const AUTHORIZATION = 'authorization';

/**
 * Reads the token of headers whose names are in any case. Several values stay a list, which the guard rejects: another
 * reader of the message might use another one of them.
 */
export function authorizationIn(headers: object | null | undefined): unknown {
  const values = Object.entries(headers ?? {})
    .filter(([name]) => name.toLowerCase() === AUTHORIZATION)
    .flatMap(([, value]) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter((value) => value !== undefined)
    .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value));
  return values.length > 1 ? values : values[0];
}
