import { isInstant, isRevocationTarget } from './revocation.js';
import type { Revocation } from './revocation.js';

/** What a publisher is told: where `expiresAt` is absent, it is the end of the longest token that may live. */
export type RevocationRequest = Omit<Revocation, 'expiresAt'> & { readonly expiresAt?: number };

/**
 * Refuses what services that follow could not believe: they would hear of nothing that comes after it.
 *
 * @throws Error with a sentence that says what to write
 */
export function assertValidRevocation({ target, before, expiresAt }: RevocationRequest): void {
  if (!isRevocationTarget(target)) throw new Error('Revocation: "target" must be a text of 1 to 255 characters.');
  for (const [name, instant] of Object.entries({ before, expiresAt })) {
    if (instant !== undefined && !isInstant(instant)) {
      throw new Error(`Revocation: "${name}" must be a finite number of epoch seconds, not below 0, or left out.`);
    }
  }
}

/**
 * Makes known that something has died: the writing side. Whoever ends a session, a subject, a client, a token or a key calls
 * it inside the transaction that does so.
 *
 * @example
 * ```ts
 * await this.revocations.publish({ kind: 'session', target: session.id, reason: 'logout' });
 * ```
 */
export abstract class RevocationPublisher {
  abstract publish(notice: RevocationRequest): Promise<void>;
}
