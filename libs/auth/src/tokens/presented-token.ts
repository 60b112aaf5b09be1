import { tokenIn } from '../guard/bearer-token.js';
import type { Principal } from '../guard/principal.js';

/** The credentials beside the principal, and not in it, so that no log of a principal contains a token. */
const credentialsOf = new WeakMap<Principal, string>();

/** Records the credentials that presented the token of a verified principal. */
export function notePresentedToken(principal: Principal, credentials: string): void {
  credentialsOf.set(principal, credentials);
}

/** The access token of a principal that `AccessTokenVerifier` has verified; `undefined` for any other object. */
export function presentedTokenOf(principal: Principal): string | undefined {
  const credentials = credentialsOf.get(principal);
  return credentials === undefined ? undefined : tokenIn(credentials);
}
