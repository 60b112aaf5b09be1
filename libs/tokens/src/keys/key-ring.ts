import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from 'postern/auth';
import type { JwtAlgorithm, VerificationKey } from 'postern/auth';
import { SingleFlight } from 'postern/problem';
import { keyStateOf } from './key-state.js';
import { SigningKeyTable } from './signing-key-table.js';
import { SigningKeys } from './signing-keys.js';
import type { PublicSigningKey } from './signing-keys.js';
import { interimSigningKey } from './interim-key.js';
import { DatabaseSigningKeys } from './database-signing-keys.js';
import { NoActiveKeyError } from '../tokens.errors.js';
import { CheckedTokensSettings, PROPAGATION_SECONDS } from '../tokens.settings.js';

const MIN_LOOKUP_INTERVAL_MILLISECONDS = 100;

/**
 * The keys in the memory of this replica: the one that signs, and those that verify. {@link KeyRefresh} reads them
 * again twice a second and at each notification.
 */
@Injectable()
export class KeyRing {
  private readonly logger = new Logger(KeyRing.name);
  private view: ReadonlyMap<string, PublicSigningKey> = new Map();
  private renewedAt = -Infinity;
  private startedAt = -Infinity;
  private readonly reading = new SingleFlight(() => this.load());
  private looking?: Promise<void>;

  constructor(
    private readonly keys: SigningKeys,
    private readonly store: SigningKeyTable,
    private readonly clock: Clock,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /** Whether this server creates and rotates the keys, and not a signer or the configuration. */
  get isManagedHere(): boolean {
    return this.keys instanceof DatabaseSigningKeys;
  }

  /** Whether the keys were read recently enough to sign with them and to let caches keep them. */
  get isFresh(): boolean {
    return performance.now() - this.renewedAt < PROPAGATION_SECONDS * 1000;
  }

  /** Reads the keys. When it resolves, the ring contains everything that was committed before the call. */
  refresh(): Promise<void> {
    // A run in progress may have read before the caller's change.
    return this.reading.after();
  }

  /** Finds a key that verifies. Reads the keys again, at most ten times a second, if the `kid` is unknown. */
  find(issuer: string, kid: string | undefined): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    if (issuer !== this.settings.issuer || !kid) return undefined;
    return this.proving(kid) ?? this.look(kid);
  }

  /** Whether a key of this issuer still verifies. */
  isLive(issuer: string, kid: string): boolean {
    return issuer === this.settings.issuer && this.proving(kid) !== undefined;
  }

  /** Every key that is announced, active or retired. */
  published(): PublicSigningKey[] {
    return [...this.view.values()].filter(({ kid }) => this.proving(kid));
  }

  /**
   * The key that currently signs.
   *
   * @throws NoActiveKeyError when no key can sign, or when the keys could not be read for 10 s
   */
  async signingKey(algorithm: JwtAlgorithm = this.settings.algorithm): Promise<PublicSigningKey> {
    if (!this.isFresh) {
      await this.refresh().catch((cause: unknown) => {
        throw new NoActiveKeyError(undefined, { cause });
      });
    }
    const active = this.active();
    const key =
      active.find(({ alg }) => alg === algorithm) ??
      (algorithm === this.settings.algorithm ? this.former(active) : undefined) ??
      this.next(algorithm);
    if (!key) throw new NoActiveKeyError();
    return key;
  }

  private active(): PublicSigningKey[] {
    const now = this.clock.now();
    return [...this.view.values()]
      .filter((key) => keyStateOf(key, now) === 'active')
      .sort((left, right) => (right.activeAt?.getTime() ?? 0) - (left.activeAt?.getTime() ?? 0));
  }

  /** After a change of algorithm, the key of a former algorithm signs until the announced key is active. */
  private former(active: readonly PublicSigningKey[]): PublicSigningKey | undefined {
    const { algorithm, algorithms } = this.settings;
    const unlisted = active.find(({ alg }) => !algorithms.includes(alg));
    if (unlisted) return unlisted;
    const next = this.announced(algorithm);
    return this.isWaiting(next) ? interimSigningKey(active, this.clock.now(), algorithms, next) : undefined;
  }

  /** Whether the next key has to wait for the lead time before it signs. It does not wait after a kill. */
  private isWaiting(next: PublicSigningKey | undefined): boolean {
    // A signer without an announced key is not in the middle of a change; its key is missing.
    if (!this.isManagedHere) return next !== undefined;
    if (!next?.announcedAt || !next.activeAt) return true;
    // The successor of a killed key is active sooner, but may still be announced by a late clock.
    return next.activeAt.getTime() - next.announcedAt.getTime() >= this.settings.leadSeconds * 1000;
  }

  /**
   * The announced key signs at once if no key is active, which happens only after a kill: another clock set its
   * `activeAt`, and this clock may be late. A signer sets its own instants, so its keys wait.
   */
  private next(algorithm: JwtAlgorithm): PublicSigningKey | undefined {
    return this.isManagedHere ? this.announced(algorithm) : undefined;
  }

  private announced(algorithm: JwtAlgorithm): PublicSigningKey | undefined {
    const now = this.clock.now();
    return [...this.view.values()]
      .filter((key) => key.alg === algorithm && keyStateOf(key, now) === 'announced')
      .sort((left, right) => (left.activeAt?.getTime() ?? 0) - (right.activeAt?.getTime() ?? 0))[0];
  }

  private proving(kid: string): PublicSigningKey | undefined {
    const key = this.view.get(kid);
    return key && keyStateOf(key, this.clock.now()) !== 'gone' ? key : undefined;
  }

  private async look(kid: string): Promise<VerificationKey | undefined> {
    const wait = this.startedAt + MIN_LOOKUP_INTERVAL_MILLISECONDS - performance.now();
    this.looking ??= delay(Math.max(0, wait), undefined, { ref: false }).then(() => {
      this.looking = undefined;
      return this.refresh();
    });
    await this.looking.catch((error: unknown) => this.logger.warn(`Failed to read the signing keys: ${String(error)}`));
    return this.proving(kid);
  }

  private async load(): Promise<void> {
    const startedAt = (this.startedAt = performance.now());
    // Sequential, because the second reserved connection is for revocations.
    const keys = await this.keys.keys();
    const killed = await this.store.killedIds();
    this.view = new Map(keys.filter(({ kid }) => !killed.has(kid)).map((key) => [key.kid, key]));
    this.renewedAt = startedAt;
  }
}
