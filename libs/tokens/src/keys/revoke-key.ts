import { Injectable } from '@nestjs/common';
import { RevocationPublisher } from 'postern/auth';
import { Events } from 'postern/persistence';
import { publicMembersOf } from 'postern/jws';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.js';
import { SigningKeyTable } from './signing-key-table.js';
import type { SigningKey } from './signing-key.entity.js';
import { KeyNotFoundError } from '../tokens.errors.js';
import { SigningKeyKilled } from '../tokens.events.js';

// A thief can sign new tokens as long as a service trusts the key, so the revocation outlives every cache.
const REVOCATION_LIFETIME_SECONDS = 30 * 86_400;

/** Revokes a signing key at once, in case its private key is compromised. */
@Injectable()
export class RevokeKey {
  constructor(
    private readonly store: SigningKeyTable,
    private readonly known: KeyRing,
    private readonly rotation: KeyRotation,
    private readonly revocations: RevocationPublisher,
    private readonly events: Events,
  ) {}

  /**
   * Removes the key from the JWKS. Every replica rejects its tokens within a second, and the standby key, which
   * verifiers already know, signs at once. The next standby key is announced. It also works for a key of a signer or of
   * the configuration; another key must then be active there. A second call for the same key changes nothing.
   *
   * @param reason a kebab-case word of at most 32 characters, for logs and feeds
   * @throws KeyNotFoundError when no key has this id
   */
  async kill(kid: string, reason = 'key-compromised'): Promise<SigningKey> {
    return this.store.exclusively(
      async (now) => {
        const row = await this.store.find(kid);
        if (row?.killedAt) return row;
        const killed = row ? await this.killStored(row, now) : await this.killElsewhere(kid, now);
        if (this.known.isManagedHere) await this.rotation.settle(now);
        const expiresAt = Math.ceil(now.getTime() / 1000) + REVOCATION_LIFETIME_SECONDS;
        await this.revocations.publish({ kind: 'key', target: kid, reason, expiresAt });
        this.events.publish(new SigningKeyKilled(kid, killed.alg, reason));
        return killed;
      },
      () => this.known.refresh(),
    );
  }

  private async killStored(row: SigningKey, now: Date): Promise<SigningKey> {
    // The end of an active key is scheduled, in the future.
    const retiredAt = row.retiredAt && row.retiredAt < now ? row.retiredAt : now;
    const end = { killedAt: now, retiredAt, goneAt: now };
    await this.store.change(row.kid, end);
    return Object.assign(row, end);
  }

  private killElsewhere(kid: string, now: Date): Promise<SigningKey> {
    const key = this.known.published().find((published) => published.kid === kid);
    if (!key) throw new KeyNotFoundError();
    return this.store.addKilled(
      { kid, alg: key.alg, publicJwk: key.jwk ? publicMembersOf(key.jwk) : { kty: 'oct' } },
      now,
    );
  }
}
