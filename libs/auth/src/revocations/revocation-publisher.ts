import { isInstant, isRevocationTarget } from './revocation.js';
import type { Revocation } from './revocation.js';

/** A revocation to publish. `expiresAt` defaults to the time when the longest allowed token expires. */
export type RevocationRequest = Omit<Revocation, 'expiresAt'> & { readonly expiresAt?: number };

/**
 * Rejects a revocation that the followers of the feed would reject. They would stop at it, and miss all later ones.
 *
 * @throws Error that names the member and its allowed values
 */
export function assertValidRevocation({ target, before, expiresAt }: RevocationRequest): void {
  if (!isRevocationTarget(target)) throw new Error('Revocation: "target" must be a string of 1 to 255 characters.');
  for (const [name, instant] of Object.entries({ before, expiresAt })) {
    if (instant !== undefined && !isInstant(instant)) {
      throw new Error(`Revocation: "${name}" must be a finite number of epoch seconds, 0 or more, or undefined.`);
    }
  }
}

/**
 * Publishes revocations: the writing side. Code that ends a session, a subject, a client, a token, or a key calls it in
 * the same transaction.
 *
 * @example
 * ```ts
 * await this.revocations.publish({ kind: 'session', target: session.id, reason: 'logout' });
 * ```
 */
export abstract class RevocationPublisher {
  abstract publish(notice: RevocationRequest): Promise<void>;
}
