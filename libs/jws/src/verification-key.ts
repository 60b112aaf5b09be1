import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from './algorithms.js';

/** A key, and the one algorithm that it verifies. */
export interface VerificationKey {
  /** At most 256 characters. */
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  /** A public key, or a secret for HS256. */
  readonly key: KeyObject;
  /** The issuer to which a published key set restricts the key, if it does; it may have a placeholder for a tenant. */
  readonly issuer?: string;
}
