import { Injectable, Logger } from '@nestjs/common';
import type { JwtAlgorithm } from 'postern/auth';
import { Events } from 'postern/persistence';
import { generateKey } from 'postern/jws';
import { keyStateOf } from './key-state.js';
import { planOf } from './rotation-plan.js';
import type { KeyChange, KeyCommand, PlannedKey } from './rotation-plan.js';
import { assertCurrent, assertOpenable, assertUsable, warningOf } from './rotation-checks.js';
import { KeyRing } from './key-ring.js';
import { SigningKeyTable } from './signing-key-table.js';
import { PrivateKeyEncryption } from './private-key-encryption.js';
import type { SigningKey } from './signing-key.entity.js';
import { EarliestClock } from '../earliest-clock.js';
import { AlgorithmNotConfiguredError, KeysManagedElsewhereError } from '../tokens.errors.js';
import { SigningKeyActivated, SigningKeyAnnounced } from '../tokens.events.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

/** A start makes a key, then its standby key; a kill activates a key, then makes the next one. A bound, not a need. */
const MAX_ROUNDS = 5;

/** Rotates the keys by schedule and by command, in one replica at a time, without a restart. */
@Injectable()
export class KeyRotation {
  private readonly logger = new Logger(KeyRotation.name);

  constructor(
    private readonly store: SigningKeyTable,
    private readonly vault: PrivateKeyEncryption,
    private readonly known: KeyRing,
    private readonly events: Events,
    private readonly earliestClock: EarliestClock,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /**
   * Prepares the ring at start: encrypts the keys of previous secrets again under the current secret, and creates the
   * first keys. With `keepsRing: false` it only checks that the keys can be used.
   *
   * @throws Error when the stored keys are encrypted under a secret that is not configured, or when there are no keys
   *   and
   *   this process may not create any
   */
  async prepare(): Promise<void> {
    if (!this.known.isManagedHere) return this.known.refresh();
    if (!this.settings.keepsRing) {
      assertUsable(await this.store.ring(), this.vault);
      return this.known.refresh();
    }
    await this.store.exclusively(
      async (now) => {
        await this.rewrapAll();
        const warning = warningOf(await this.plannedKeys(), now.getTime(), this.policy);
        if (warning !== undefined) this.logger.warn(warning);
        await this.settle(now, { retireUnlisted: true });
      },
      () => this.known.refresh(),
    );
  }

  /** Applies the schedule. Takes the lock only if there is something to do, so that calls are cheap. */
  async tick(): Promise<void> {
    if (!this.known.isManagedHere || !this.settings.keepsRing) return;
    if (planOf(await this.plannedKeys(), this.store.now(), this.policy).length === 0) return;
    await this.store.exclusively(
      (now) => this.settle(now),
      () => this.known.refresh(),
    );
  }

  /**
   * Brings the start of the standby key forward: it signs at once, or as soon as every cache of the JWKS has it.
   * Announces the next standby key when it signs. No valid token is rejected.
   *
   * @param algorithm the algorithm whose key is rotated; by default every configured algorithm
   * @returns the keys that replace the active ones
   * @throws AlgorithmNotConfiguredError when the algorithm is not configured
   * @throws KeysManagedElsewhereError when a signer or the configuration manages the keys
   */
  async rotate(algorithm?: JwtAlgorithm): Promise<SigningKey[]> {
    if (!this.known.isManagedHere) throw new KeysManagedElsewhereError();
    if (algorithm && !this.settings.algorithms.includes(algorithm)) throw new AlgorithmNotConfiguredError();
    const algorithms = this.settings.algorithms.filter((listed) => !algorithm || listed === algorithm);
    return this.store.exclusively(
      async (now) => {
        const before = (await this.store.ring()).filter((row) => keyStateOf(row, now.getTime()) !== 'announced');
        await this.settle(now, { rotate: algorithms });
        const successors = (await this.store.ring()).filter(
          (row) => !row.killedAt && !before.some(({ kid }) => kid === row.kid),
        );
        // In the order of their start: the last one may be the next standby key.
        return algorithms.flatMap((alg) => successors.filter((row) => row.alg === alg).slice(0, 1));
      },
      () => this.known.refresh(),
    );
  }

  /** Carries out the plan until nothing is left to do, inside {@link SigningKeyTable.exclusively}. */
  async settle(now: Date, command?: KeyCommand): Promise<void> {
    const erasedAt = (await this.earliestClock.now()).getTime();
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const keys = await this.store.ring();
      // The servers could not read keys under a secret that they do not have yet, or no longer have.
      if (!this.settings.keepsRing) assertCurrent(keys, this.vault);
      const asked = round === 0 ? command : undefined;
      const changes = planOf(keys.map(plannedOf), now.getTime(), this.policy, asked, erasedAt);
      if (changes.length === 0) return;
      for (const change of changes) await this.carryOut(change, keys, changes, now);
    }
  }

  private async carryOut(
    change: KeyChange,
    keys: readonly SigningKey[],
    changes: readonly KeyChange[],
    now: Date,
  ): Promise<void> {
    switch (change.act) {
      case 'make': {
        const key = await generateKey(change.alg, this.settings.rsaBits);
        await this.store.add(change.alg, key, now, change.activeAt);
        this.events.publish(new SigningKeyAnnounced(key.kid, change.alg, change.activeAt));
        if (change.activeAt <= now) this.events.publish(new SigningKeyActivated(key.kid, change.alg));
        return;
      }
      case 'activate': {
        await this.store.change(change.kid, { activeAt: change.activeAt });
        const alg = keys.find(({ kid }) => kid === change.kid)?.alg;
        // The event of a key that succeeds a retired one is published when the private key of that one is erased.
        const succeeds = changes.some((each) => each.act === 'retire' && +each.retiredAt === +change.activeAt);
        if (alg && !succeeds && change.activeAt <= now) this.events.publish(new SigningKeyActivated(change.kid, alg));
        return;
      }
      case 'retire':
        return this.store.change(change.kid, { retiredAt: change.retiredAt, goneAt: change.goneAt });
      case 'keep':
        return this.store.change(change.kid, { retiredAt: null, goneAt: null });
      case 'erase': {
        await this.store.rewrap(change.kid, Buffer.alloc(0));
        // Exactly one replica erases a key, so it also publishes that the successor is active.
        const erased = keys.find(({ kid }) => kid === change.kid);
        const successor = keys.find((key) => key.activeAt.getTime() === erased?.retiredAt?.getTime());
        if (successor && successor.announcedAt < successor.activeAt) {
          this.events.publish(new SigningKeyActivated(successor.kid, successor.alg));
        }
      }
    }
  }

  private async rewrapAll(): Promise<void> {
    const keys = await this.store.ring();
    assertOpenable(keys, this.vault);
    const wrapped = keys.filter((row) => this.vault.isOutdated(row));
    for (const { kid, secretId, privateEncrypted } of wrapped) {
      if (privateEncrypted && secretId && this.vault.canOpen({ secretId })) {
        await this.store.rewrap(kid, this.vault.unwrap(kid, { privateEncrypted, secretId }));
      }
    }
  }

  private async plannedKeys(): Promise<PlannedKey[]> {
    return (await this.store.ring()).map(plannedOf);
  }

  private get policy() {
    const { algorithms, rotationSeconds, leadSeconds, aftermathSeconds, erasureSeconds } = this.settings;
    return { algorithms, rotationSeconds, leadSeconds, aftermathSeconds, erasureSeconds };
  }
}

function plannedOf(row: SigningKey): PlannedKey {
  const { kid, alg, announcedAt, activeAt, retiredAt, goneAt, killedAt, privateEncrypted } = row;
  const isErased = PrivateKeyEncryption.isEmpty(privateEncrypted);
  return { kid, alg, announcedAt, activeAt, retiredAt, goneAt, killedAt, isErased };
}
