import { MissingTokenError } from './auth.errors.js';
import { refuse } from './read-access-token.js';

/** What is read of a request: Node's, Express's and Fastify's all have it. */
export interface CredentialsCarrier {
  readonly headers: { readonly authorization?: unknown };
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/**
 * The token of a request: of its one Authorization header and of nothing else, since addresses end up in logs and bodies in
 * forms.
 *
 * @throws MissingTokenError where no bearer token is presented
 * @throws InvalidTokenError where more than one is, or none can be read
 * @see RFC 6750 §2.1
 */
export function bearerTokenOf(request: CredentialsCarrier): string {
  const header = request.headers.authorization;
  if (header === undefined) throw new MissingTokenError();
  // Node keeps the first of several: what it dropped, a proxy may have decided by.
  if (typeof header !== 'string' || countAuthorizationHeaders(request) > 1)
    return refuse('more than one Authorization header');
  // RFC 9110 §11.1: the scheme is case-insensitive, and another scheme is no bearer token.
  if (!header.startsWith('Bearer ') && !/^bearer(?: |$)/i.test(header)) throw new MissingTokenError();
  const token = header.slice(7);
  if (token === '') refuse('empty bearer token');
  return token;
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
