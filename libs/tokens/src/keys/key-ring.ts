import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from 'postern/auth';
import type { JwtAlgorithm, VerificationKey } from 'postern/auth';
import { keyStateOf } from './key-state.js';
import { SigningKeyTable } from './signing-key-table.js';
import { SigningKeys } from './signing-keys.js';
import type { PublicSigningKey } from './signing-keys.js';
import { interimSigningKey } from './interim-key.js';
import { DatabaseSigningKeys } from './database-signing-keys.js';
import { NoActiveKeyError } from '../tokens.errors.js';
import { CheckedTokensSettings, PROPAGATION_SECONDS } from '../tokens.settings.js';

const LOOK_SPACING_MILLISECONDS = 100;

/**
 * What this replica knows of the keys: which one signs now, and which ones prove. Renewed twice a second and at each
 * notification; answers come from memory.
 */
@Injectable()
export class KeyRing {
  private readonly logger = new Logger(KeyRing.name);
  private view: ReadonlyMap<string, PublicSigningKey> = new Map();
  private renewedAt = -Infinity;
  private startedAt = -Infinity;
  private running: Promise<void> = Promise.resolve();
  private queued?: Promise<void>;
  private looking?: Promise<void>;

  constructor(
    private readonly keys: SigningKeys,
    private readonly store: SigningKeyTable,
    private readonly clock: Clock,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /** Whether the keys are made and rotated here, and not by a signer or the configuration. */
  get isManagedHere(): boolean {
    return this.keys instanceof DatabaseSigningKeys;
  }

  /** Whether the view is recent enough to hand out or to sign by. */
  get isFresh(): boolean {
    return performance.now() - this.renewedAt < PROPAGATION_SECONDS * 1000;
  }

  /** Knows, when it resolves, everything that was committed before the call. */
  refresh(): Promise<void> {
    // A run that has begun already may have read before the caller's change: it takes one that begins after it.
    this.queued ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        this.running = this.load();
        return this.running;
      });
    return this.queued;
  }

  /** A key of ours that may prove; asks the store, at most ten times a second, for one that it has not seen yet. */
  find(issuer: string, kid: string | undefined): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    if (issuer !== this.settings.issuer || !kid) return undefined;
    return this.proving(kid) ?? this.look(kid);
  }

  /** Whether a key of ours may still prove. */
  isLive(issuer: string, kid: string): boolean {
    return issuer === this.settings.issuer && this.proving(kid) !== undefined;
  }

  /** Every key that is announced, active or retired. */
  published(): PublicSigningKey[] {
    return [...this.view.values()].filter(({ kid }) => this.proving(kid));
  }

  /**
   * The key that signs now.
   *
   * @throws NoActiveKeyError when there is none, or when what this replica knows of the keys is too old to sign by
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

  /** A new algorithm of access tokens is announced like any key: until then the former one signs, be it kept or not. */
  private former(active: readonly PublicSigningKey[]): PublicSigningKey | undefined {
    const { algorithm, algorithms } = this.settings;
    const unlisted = active.find(({ alg }) => !algorithms.includes(alg));
    if (unlisted) return unlisted;
    const next = this.announced(algorithm);
    return this.isWaiting(next) ? interimSigningKey(active, this.clock.now(), algorithms, next) : undefined;
  }

  /** Whether the key, or the one that is still to be made, has to be known everywhere before it signs: not so after a kill. */
  private isWaiting(next: PublicSigningKey | undefined): boolean {
    // Where a signer has none that is to come, it is not a change that is under way, but a key that is missing.
    if (!this.isManagedHere) return next !== undefined;
    if (!next?.announcedAt || !next.activeAt) return true;
    // One that follows a killed key is active sooner, though by this clock, which may be behind, it is not yet.
    return next.activeAt.getTime() - next.announcedAt.getTime() >= this.settings.leadSeconds * 1000;
  }

  /**
   * Where no key signs, which is so after a kill alone, the next one does not wait: its instant was set by another clock, and
   * this one may be behind. A signer's keys do, for their instants are not ours.
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
    const wait = this.startedAt + LOOK_SPACING_MILLISECONDS - performance.now();
    this.looking ??= delay(Math.max(0, wait), undefined, { ref: false }).then(() => {
      this.looking = undefined;
      return this.refresh();
    });
    await this.looking.catch((error: unknown) =>
      this.logger.warn(`The signing keys could not be read: ${String(error)}`),
    );
    return this.proving(kid);
  }

  private async load(): Promise<void> {
    const startedAt = (this.startedAt = performance.now());
    // One after the other: a token with an unknown `kid` leads here, and the other reserved connection is for revocations.
    const keys = await this.keys.keys();
    const killed = await this.store.killedIds();
    this.view = new Map(keys.filter(({ kid }) => !killed.has(kid)).map((key) => [key.kid, key]));
    this.renewedAt = startedAt;
  }
}
