import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { CredentialsCarrier } from './bearer-token.js';
import type { Principal } from './principal.js';

/** Which verifier has admitted the request: a symbol of our own, so no body or header can bring it along. */
export const ADMITTED = Symbol('admitted by JwtAuthGuard');

/** A request as the guard leaves it. */
export interface GuardedRequest extends CredentialsCarrier {
  principal?: Principal;
  user?: unknown;
  [ADMITTED]?: AccessTokenVerifier;
}
