import { Injectable } from '@nestjs/common';
import { RevocationsUnknownError } from 'postern/auth';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { isSamePosition, positionOf, START } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';

/** The number of recent revocations in memory. A follower that is further behind gets a snapshot, which costs less. */
export const RECENT_LIMIT = 2000;
const MIN_FRESH_SECONDS = 1;
const MIN_CUT_OFF_SECONDS = 5;

/** The revocations that one read of the table found. */
export interface RevocationRead {
  /** The end of the previous read; `START` if all revocations were read again. */
  readonly after: FeedPosition;
  /** In order. The last `RECENT_LIMIT` of them are enough. */
  readonly entries: readonly SequencedRevocation[];
  readonly end: FeedPosition;
  /** The last assigned number. Its revocation may have been deleted. */
  readonly lastSequence: number;
  /** When the read began, by `performance.now()`; absent if committed revocations had no number yet. */
  readonly completeAt?: number | undefined;
}

/** The recent revocations in order, and the time of the last read that missed none. */
@Injectable()
export class RevocationFeed {
  private base = START;
  private recent: SequencedRevocation[] = [];
  private readEnd = START;
  private completeAt = Number.NEGATIVE_INFINITY;
  private replacements = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly terms: CheckedRevocationsSettings) {}

  /** The position of the last revocation in memory. */
  get end(): FeedPosition {
    const last = this.recent.at(-1);
    return last ? positionOf(last) : this.base;
  }

  /** Changes when the revocations were not appended but replaced: earlier ones may come from another database. */
  get generation(): number {
    return this.replacements;
  }

  /** Adds the revocations of a read. Replaces all others if the read does not continue them without a gap. */
  append({ after, entries, end, lastSequence, completeAt }: RevocationRead): void {
    const before = this.end;
    const hasGap = entries.some(({ sequence }, at) => sequence !== before.sequence + at + 1);
    const isCurrent = before.sequence + entries.length === lastSequence;
    if (isSamePosition(after, this.readEnd) && !hasGap && isCurrent) this.recent.push(...entries);
    else this.replace(entries, lastSequence);
    const dropped = this.recent.splice(0, Math.max(0, this.recent.length - RECENT_LIMIT)).at(-1);
    if (dropped) this.base = positionOf(dropped);
    this.readEnd = end;
    this.completeAt = completeAt ?? this.completeAt;
    if (!isSamePosition(before, this.end)) for (const wake of this.waiting) wake();
  }

  /**
   * Asserts that this replica has read the database recently: without contact it must not report that it is up to date.
   *
   * @throws RevocationsUnknownError if the last read is too old
   */
  assertKnown(): void {
    const limit = Math.max(MIN_CUT_OFF_SECONDS, 3 * this.terms.pollSeconds);
    if (performance.now() - this.completeAt > limit * 1000) throw new RevocationsUnknownError();
  }

  /**
   * Whether a recent read of the database shows that no revocation is missing.
   *
   * @param since the earliest beginning of that read, by `performance.now()`
   */
  isComplete(since: number): boolean {
    const limit = Math.max(MIN_FRESH_SECONDS, 2 * this.terms.pollSeconds);
    return this.completeAt > since && performance.now() - this.completeAt <= limit * 1000;
  }

  /** The revocations after a position, in order and without gaps; `undefined` if the follower needs a snapshot. */
  after(place: FeedPosition, limit: number): readonly SequencedRevocation[] | undefined {
    const at = place.sequence - this.base.sequence;
    const there = at === 0 ? this.base : this.recent[at - 1] && positionOf(this.recent[at - 1]!);
    return there?.tag === place.tag ? this.recent.slice(at, at + limit) : undefined;
  }

  /** Resolves when the feed ends at another position, after the timeout, or when the signal aborts. */
  moved(place: FeedPosition, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !isSamePosition(place, this.end)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /** Keeps only the revocations without a gap up to the end; a snapshot covers the earlier ones. */
  private replace(entries: readonly SequencedRevocation[], lastSequence: number): void {
    this.replacements += 1;
    const start = entries.findLastIndex((entry, at) => entry.sequence !== lastSequence - (entries.length - 1 - at)) + 1;
    this.recent = entries.slice(start);
    this.base = START;
    if (this.recent[0]?.sequence === 1) return;
    const first = this.recent.shift();
    this.base = first ? positionOf(first) : { sequence: lastSequence, tag: '' };
  }
}
