import { hash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { OutageLog } from 'postern/persistence';
import type { Claim, LimitState } from './limit.js';
import { TooManyRequestsError } from './limits.errors.js';
import { LimitStore } from './stores/limit-store.js';
import type { StoredClaim, StoredState } from './stores/limit-store.js';
import { LocalLimitStore } from './stores/local-limit-store.js';

const MICROSECONDS = 1_000_000;
/** Points of successful attempts return with the next claim of the same limit, or together after this time. */
const GIVE_BACK_MILLISECONDS = 100;
const STORE_TIMEOUT_MILLISECONDS = 3000;
/** The time between two attempts to reach a store that failed. */
const STORE_RETRY_MILLISECONDS = 1000;
/** Four replicas that count alone allow together no more than the limit. */
const LOCAL_SHARE = 4;
const MAX_BLOCKS = 10_000;
/** The time for which a rejection repeats without a query. Points of attempts in flight may return earlier. */
const REPEATED_REJECTION_SECONDS = 1;

const NO_BLOCK: Block = { endsAt: 0, pointAt: 0 };

/** The points that an attempt has taken. */
export class Permit {
  /** @internal */
  constructor(
    private readonly statesOf: () => LimitState[],
    /** @internal */
    readonly taken: readonly Pick<StoredClaim, 'id' | 'refund'>[],
    /** @internal */
    readonly isLocal: boolean,
  ) {}

  /** The limits after the attempt, in the order of the claims. */
  get states(): readonly LimitState[] {
    return this.statesOf();
  }
}

/** A limit that rejects without a query. Times are milliseconds of the monotonic clock. */
interface Block {
  readonly endsAt: number;
  /** The time of the next point. */
  readonly pointAt: number;
}

/** Counts attempts for all replicas together. */
@Injectable()
export class Limits implements BeforeApplicationShutdown {
  private readonly outage = new OutageLog(
    new Logger(Limits.name),
    `Counting attempts failed, will retry. In the meantime, this replica counts alone, with 1/${LOCAL_SHARE} of each limit`,
    'Counting attempts works again',
  );
  private readonly local = new LocalLimitStore();
  private readonly refunds = new Map<string, number>();
  /** The limits without points, by the id of a limit and its key. */
  private readonly blocks = new Map<string, Block>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private retriesAt = 0;

  constructor(private readonly store: LimitStore) {}

  /**
   * Takes one point of each limit before an attempt, also if calls run in parallel in several processes. If a limit has
   * no point left, it takes none.
   * @throws TooManyRequestsError
   * @example
   * ```ts
   * const permit = await this.limits.take([{ name: 'voucher', key: userId, points: 10, seconds: 900 }]);
   * if (await this.vouchers.redeem(code)) this.limits.giveBack(permit);
   * ```
   */
  async take(claims: readonly Claim[]): Promise<Permit> {
    this.assertFree(claims);
    const { permit, rejection } = await this.attempt(claims);
    if (rejection === undefined) return permit;
    this.block(rejection, REPEATED_REJECTION_SECONDS);
    throw TooManyRequestsError.of(rejection);
  }

  /** Returns the points of an attempt that did not fail. */
  giveBack({ taken, isLocal }: Permit): void {
    if (taken.length === 0) return;
    void this.local.giveBack(taken);
    if (isLocal) return;
    for (const { id, refund } of taken) {
      this.owe(id, refund);
      // The limit has a point again.
      this.blocks.delete(id);
    }
    this.timer ??= setTimeout(() => void this.flush(), GIVE_BACK_MILLISECONDS).unref();
  }

  /**
   * Counts a failure after the attempt, for secrets that cannot be guessed: the attempt itself costs no query. After the
   * last point, {@link assertFree} rejects further attempts on this replica.
   * @returns whether a limit is exceeded
   */
  async count(claims: readonly Claim[]): Promise<boolean> {
    const { permit, rejection } = await this.attempt(claims);
    for (const state of permit.states) this.block(state, state.waitSeconds);
    return rejection !== undefined;
  }

  /**
   * @throws TooManyRequestsError if {@link count} has counted the last point of a limit, until the next point, or if a
   *   limit has rejected an attempt within the last second
   */
  assertFree(claims: readonly Claim[]): void {
    if (this.blocks.size === 0) return;
    const now = performance.now();
    for (const claim of claims) {
      const { endsAt, pointAt } = this.blocks.get(idOf(claim)) ?? NO_BLOCK;
      if (endsAt <= now) continue;
      throw TooManyRequestsError.of({ ...claim, remaining: 0, waitSeconds: (pointAt - now) / 1000 });
    }
  }

  /** Returns the points of the last attempts before the store closes. */
  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.flush();
  }

  private async attempt(claims: readonly Claim[]): Promise<{ permit: Permit; rejection?: LimitState }> {
    if (claims.length === 0) return { permit: new Permit(() => [], [], false) };
    // An attempt must not overtake the points that return for it.
    if (this.flushing !== undefined) await this.flushing;
    const wanted = claims.map((claim) => this.wantedOf(claim));
    const { stored, isLocal } = await this.takeFromStore(wanted);
    const taken = wanted.flatMap(({ id, emission }, at) => (stored[at]!.isTaken ? [{ id, refund: emission }] : []));
    const share = isLocal ? LOCAL_SHARE : 1;
    const statesOf = () => claims.map((claim, at) => stateOf(claim, reduced(wanted[at]!, share), stored[at]!));
    const permit = new Permit(statesOf, taken, isLocal);
    if (taken.length === claims.length) return { permit };
    // A concurrent attempt took the last point of another limit.
    this.giveBack(permit);
    const longest = permit.states.reduce((one, other) => (other.waitSeconds > one.waitSeconds ? other : one));
    return { permit: new Permit(statesOf, [], isLocal), rejection: { ...longest, remaining: 0 } };
  }

  private async takeFromStore(
    wanted: readonly StoredClaim[],
  ): Promise<{ stored: readonly StoredState[]; isLocal: boolean }> {
    const isTried = performance.now() >= this.retriesAt;
    if (isTried) {
      // If the store fails in the middle of a flood, this replica must not start to count at zero.
      this.local.note(wanted);
      try {
        const stored = await inTime(this.store.take(wanted));
        this.outage.recordSuccess();
        for (const [at, { id, refund }] of wanted.entries()) if (!stored[at]!.isTaken) this.owe(id, refund);
        return { stored, isLocal: false };
      } catch (error) {
        this.fail(error);
      }
    }
    for (const { id, refund } of wanted) this.owe(id, refund);
    const claims = wanted.map((claim) => ({ ...reduced(claim, LOCAL_SHARE), refund: isTried ? claim.emission : 0 }));
    return { stored: this.local.takeNow(claims), isLocal: true };
  }

  private wantedOf(claim: Claim): StoredClaim {
    const id = idOf(claim);
    const emission = Math.floor((claim.seconds * MICROSECONDS) / claim.points);
    const refund = this.refunds.get(id) ?? 0;
    this.refunds.delete(id);
    return { id, emission, capacity: emission * claim.points, refund };
  }

  private owe(id: string, refund: number): void {
    if (refund > 0) this.refunds.set(id, (this.refunds.get(id) ?? 0) + refund);
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const refunds = [...this.refunds].map(([id, refund]) => ({ id, refund }));
    this.refunds.clear();
    if (refunds.length === 0) return;
    // After an outage, the limits have refilled by themselves.
    const flushing = inTime(this.store.giveBack(refunds)).catch((error: unknown) => this.fail(error));
    this.flushing = flushing;
    await flushing;
    if (this.flushing === flushing) this.flushing = undefined;
  }

  private fail(error: unknown): void {
    this.retriesAt = performance.now() + STORE_RETRY_MILLISECONDS;
    this.outage.recordFailure(error);
  }

  private block(state: LimitState, seconds: number): void {
    if (state.waitSeconds === 0) return;
    const id = idOf(state);
    const now = performance.now();
    this.blocks.delete(id);
    this.blocks.set(id, {
      endsAt: now + Math.min(seconds, state.waitSeconds) * 1000,
      pointAt: now + state.waitSeconds * 1000,
    });
    if (this.blocks.size > MAX_BLOCKS) this.blocks.delete(this.blocks.keys().next().value!);
  }
}

function stateOf(claim: Claim, { emission, capacity }: StoredClaim, { debt }: StoredState): LimitState {
  const free = capacity - debt;
  return {
    ...claim,
    remaining: Math.max(0, Math.floor(free / emission)),
    waitSeconds: Math.max(0, emission - free) / MICROSECONDS,
  };
}

const reduced = (claim: StoredClaim, share: number): StoredClaim => ({
  ...claim,
  capacity: claim.emission * Math.max(1, Math.floor(claim.capacity / claim.emission / share)),
});

/** 32 hex digits of a hash, which PostgreSQL reads as a UUID: stores contain neither addresses nor networks in the clear. */
function idOf({ name, key }: Claim): string {
  const hex = hash('sha256', `${name}\0${key}`, 'hex');
  return hex.slice(0, 32);
}

/** A timer alone: an abort signal would create an error for each attempt. */
function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error('the store of the limits did not answer in time'));
    const timer = setTimeout(late, STORE_TIMEOUT_MILLISECONDS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
