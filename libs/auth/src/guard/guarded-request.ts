import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { CredentialsCarrier } from './bearer-token.js';
import type { Principal } from './principal.js';

/** The key of the verifier that accepted the request. It is a symbol, so no body or header can set it. */
export const ADMITTED = Symbol('admitted by JwtAuthGuard');

/** A request with the properties that the guard sets. */
export interface GuardedRequest extends CredentialsCarrier {
  principal?: Principal;
  user?: unknown;
  [ADMITTED]?: AccessTokenVerifier;
}
