import { MissingTokenError, reject } from '../auth.errors.js';

/** All header lines, and the connection that they came by. */
interface HeaderLines {
  readonly rawHeaders?: readonly string[];
  readonly socket?: object | null;
}

/** The property of Node's sockets that leads to the server. */
interface ServedSocket {
  readonly server?: { readonly maxHeadersCount?: number | null };
}

/** The parts of a request that hold credentials. Requests of Node, Express, and Fastify have them. */
export interface CredentialsCarrier extends HeaderLines {
  readonly headers: { readonly authorization?: unknown };
  readonly raw?: HeaderLines;
}

/** Node's default of `server.maxHeadersCount`. Node drops further lines silently. */
const MAX_HEADER_LINES = 1000;

/** The scheme of bearer credentials, with the space behind it. */
const SCHEME = 'Bearer ';
const SPACE = 0x20;

/** The credentials that present the token: `Bearer` and the token itself. */
export function credentialsWith(token: string): string {
  return SCHEME + token;
}

/** The token that bearer credentials present. */
export function tokenIn(credentials: string): string {
  return credentials.slice(SCHEME.length);
}

/**
 * Returns the bearer credentials of a request, with the scheme spelled `Bearer` and one space behind it. It reads
 * only the Authorization header, because logs contain URLs, forms can set bodies, and browsers send cookies with
 * requests of other sites.
 *
 * @throws MissingTokenError if the request presents no bearer token
 * @throws InvalidTokenError if the request presents several tokens or an empty one
 * @see RFC 6750 §2.1, RFC 9110 §11.4
 */
export function bearerCredentialsOf(request: CredentialsCarrier): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new MissingTokenError();
  // Node keeps the first of several headers, and a proxy may have used another one.
  const { rawHeaders = [], socket } = linesOf(request);
  if (typeof header !== 'string' || countAuthorizationHeaders(rawHeaders) > 1)
    return reject('more than one Authorization header');
  if (rawHeaders.length >= 2 * maxHeaderLinesOf(socket)) return reject('more header lines than Node reads');
  if (header.length > SCHEME.length && header.startsWith(SCHEME) && header.charCodeAt(SCHEME.length) !== SPACE) {
    return header;
  }
  // RFC 9110 §11.4: the scheme is case-insensitive, and one or more spaces follow it. Another scheme does not present
  // a bearer token.
  const scheme = /^bearer(?: +|$)/i.exec(header);
  if (scheme === null) throw new MissingTokenError();
  const token = header.slice(scheme[0].length);
  if (token === '') reject('empty bearer token');
  return credentialsWith(token);
}

/** @throws InvalidTokenError if Node may have dropped header lines, which may include another token */
export function assertAllHeadersRead(request: CredentialsCarrier): void {
  const { rawHeaders = [], socket } = linesOf(request);
  if (rawHeaders.length >= 2 * maxHeaderLinesOf(socket)) reject('more header lines than Node reads');
}

function linesOf(request: CredentialsCarrier): HeaderLines {
  return request.rawHeaders === undefined ? (request.raw ?? request) : request;
}

function countAuthorizationHeaders(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count;
}

/** The value 0 means that the server drops no header line. */
function maxHeaderLinesOf(socket: HeaderLines['socket']): number {
  const served: ServedSocket | null | undefined = socket;
  const count = served?.server?.maxHeadersCount;
  return count === 0 ? Number.POSITIVE_INFINITY : (count ?? MAX_HEADER_LINES);
}
