import { MissingTokenError } from './auth.errors.js';
import { refuse } from './read-access-token.js';

/** What is read of a request: Node's, Express's and Fastify's all have it. */
export interface CredentialsCarrier {
  readonly headers: { readonly authorization?: unknown };
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/** What stands before the token in bearer credentials. */
const SCHEME = 'Bearer ';

/** The credentials that present the token: `Bearer` and the token itself. */
export function credentialsWith(token: string): string {
  return SCHEME + token;
}

/** The token that bearer credentials present. */
export function tokenIn(credentials: string): string {
  return credentials.slice(SCHEME.length);
}

/**
 * The bearer credentials of a request, which begin with `Bearer` in this spelling: those of its one Authorization header and of nothing
 * else, since addresses end up in logs and bodies in forms.
 *
 * @throws MissingTokenError where no bearer token is presented
 * @throws InvalidTokenError where more than one is, or none can be read
 * @see RFC 6750 §2.1, RFC 9110 §11.4
 */
export function bearerCredentialsOf(request: CredentialsCarrier): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new MissingTokenError();
  // Node keeps the first of several: what it dropped, a proxy may have decided by.
  if (typeof header !== 'string' || countAuthorizationHeaders(request) > 1)
    return refuse('more than one Authorization header');
  if (header.length > SCHEME.length && header.startsWith(SCHEME)) return header;
  // RFC 9110 §11.1: the scheme is case-insensitive, and another scheme is no bearer token.
  if (!/^bearer(?: |$)/i.test(header)) throw new MissingTokenError();
  const token = tokenIn(header);
  if (token === '') refuse('empty bearer token');
  return credentialsWith(token);
}

function countAuthorizationHeaders({ rawHeaders, raw }: CredentialsCarrier): number {
  const names = rawHeaders ?? raw?.rawHeaders ?? [];
  let count = 0;
  for (let at = 0; at < names.length; at += 2) {
    const name = names[at]!;
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count;
}
