import { Injectable } from '@nestjs/common';
import { RevocationsUnknownError } from 'postern/auth';
import { RevocationFeedHistory } from '../storage/revocation-feed-history.js';
import type { FeedEntry } from '../storage/revocation-feed-history.js';
import { START, positionOf } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { ReadPosition } from '../storage/read-position.js';
import { SecurityEventSigner } from './security-event-signer.js';
import type { SignedEvent } from './security-event-signer.js';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';

/** The number of recent revocations in memory. A follower that is further behind gets a snapshot, which costs less. */
const RECENT_LIMIT = 2000;
const MIN_FRESH_SECONDS = 1;
const MIN_CUT_OFF_SECONDS = 5;

interface SignedEntry {
  readonly entry: FeedEntry;
  signed?: Promise<SignedEvent>;
}

/** The recent revocations in order. Each is signed and serialised once for all followers of this replica. */
@Injectable()
export class RevocationFeed {
  private base = START;
  private recent: SignedEntry[] = [];
  private isBehind = true;
  private loading: Promise<void> | undefined;
  private interruption = -1;
  private rebuilds = 0;

  constructor(
    private readonly history: RevocationFeedHistory,
    private readonly position: ReadPosition,
    private readonly terms: CheckedRevocationsSettings,
    private readonly events: SecurityEventSigner,
  ) {
    position.onMove(() => (this.isBehind = true));
  }

  /** The position of the last revocation in memory. */
  get end(): FeedPosition {
    const last = this.recent.at(-1);
    return last ? positionOf(last.entry) : this.base;
  }

  /**
   * Asserts that this replica has read the database recently: without contact it must not report that it is up to date.
   *
   * @throws RevocationsUnknownError if the last read is too old
   */
  assertKnown(): void {
    const limit = Math.max(MIN_CUT_OFF_SECONDS, 3 * this.terms.pollSeconds);
    if (performance.now() - this.position.readAt > limit * 1000) throw new RevocationsUnknownError();
  }

  /** Whether the last read of the database is recent enough to state that no revocation is missing. */
  get isFresh(): boolean {
    const limit = Math.max(MIN_FRESH_SECONDS, 2 * this.terms.pollSeconds);
    return performance.now() - this.position.readAt <= limit * 1000;
  }

  /** Loads all revocations that this replica has read. */
  async refresh(): Promise<void> {
    if (this.isBehind || this.interruption !== this.position.interruption) {
      this.loading ??= this.load().finally(() => (this.loading = undefined));
    }
    await this.loading;
  }

  /** Whether there may be revocations that `refresh` has not loaded. */
  get hasNews(): boolean {
    return this.isBehind;
  }

  /**
   * The revocations after a position, in order and without gaps; `undefined` if the follower needs a snapshot.
   */
  after(place: FeedPosition, most: number): readonly FeedEntry[] | undefined {
    const at = place.sequence - this.base.sequence;
    const there = at === 0 ? this.base : this.recent[at - 1] && positionOf(this.recent[at - 1]!.entry);
    if (there?.tag !== place.tag) return undefined;
    return this.recent.slice(at, at + most).map(({ entry }) => entry);
  }

  /** Changes with each reload: earlier pages may come from another database. */
  get generation(): number {
    return this.rebuilds;
  }

  /** The signed event of a revocation that `after` returned. */
  async signed(entry: FeedEntry): Promise<SignedEvent> {
    const cached = this.recent[entry.sequence - this.base.sequence - 1];
    const ready: SignedEntry = cached?.entry.id === entry.id ? cached : { entry };
    const underway = ready.signed;
    const before = underway && (await underway.catch(() => undefined));
    if (before && this.events.isLive(before)) return before;
    // The first caller signs for all others.
    if (ready.signed === underway || ready.signed === undefined) ready.signed = this.events.signRevocation(entry);
    return ready.signed;
  }

  private async load(): Promise<void> {
    do {
      const { interruption } = this.position;
      const isSameDatabase = interruption === this.interruption;
      this.isBehind = false;
      try {
        if (!(isSameDatabase && (await this.append()))) await this.rebuild();
      } catch (error) {
        this.isBehind = true;
        throw error;
      }
      this.interruption = interruption;
    } while (this.isBehind);
  }

  /** @returns whether the new revocations could be appended without a gap */
  private async append(): Promise<boolean> {
    const { end } = this;
    const entries = await this.history.following(end, RECENT_LIMIT);
    if (entries === undefined || entries.length === RECENT_LIMIT) return false;
    if (!entries.every((entry, at) => entry.sequence === end.sequence + at + 1)) return false;
    this.recent.push(...entries.map((entry) => ({ entry })));
    const surplus = this.recent.length - RECENT_LIMIT;
    if (surplus <= 0) return true;
    const dropped = this.recent.splice(0, surplus);
    this.base = positionOf(dropped.at(-1)!.entry);
    return true;
  }

  private async rebuild(): Promise<void> {
    const { sequence, entries } = await this.history.end(RECENT_LIMIT);
    this.rebuilds += 1;
    // Keep only the revocations without a gap up to the end; a snapshot covers the earlier ones.
    const start = entries.findLastIndex((entry, at) => entry.sequence !== sequence - (entries.length - 1 - at)) + 1;
    const dense = entries.slice(start).map((entry) => ({ entry }));
    const first = dense[0]?.entry.sequence ?? sequence + 1;
    if (first === 1 || dense.length === 0) {
      this.base = { sequence: first - 1, tag: '' };
    } else {
      this.base = positionOf(dense.shift()!.entry);
    }
    this.recent = dense;
  }
}
