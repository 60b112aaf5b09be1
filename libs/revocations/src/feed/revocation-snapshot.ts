import { Injectable } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationTable } from '../storage/revocation-table.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { START } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { SecurityEventSigner } from './security-event-signer.js';
import type { SignedEvent } from './security-event-signer.js';

const MAX_PAGE_ENTRIES = 500;
/**
 * The limit for the targets and the permissions as JSON: followers limit their input, and a page must not block the
 * event loop.
 */
const MAX_PAGE_BYTES = 262_144;
/** A snapshot that is further behind gets another page. Newer revocations follow as single events. */
const MAX_EVENTS_BEHIND = 100;
/** The maximum age of the pages, which may contain expired revocations. */
const MAX_AGE_MILLISECONDS = 300_000;
/** The maximum number of expired pages that one call replaces. */
const MAX_DISCARDED = 5;

/** A range of revocations, signed once for all followers. */
export interface SnapshotPage {
  readonly event: SignedEvent;
  /** The last sequence number of the range. */
  readonly upTo: number;
}

/**
 * All revocations that can concern a valid token, in signed pages. The first follower that needs a page creates it, and
 * all others get the same buffer. A follower keeps only the page in memory that is being sent to it.
 */
@Injectable()
export class RevocationSnapshot {
  private pages: SnapshotPage[] = [];
  private end = START;
  private generation = -1;
  private madeAt = Number.NEGATIVE_INFINITY;
  private making: Promise<void> | undefined;

  constructor(
    private readonly table: RevocationTable,
    private readonly feed: RevocationFeed,
    private readonly events: SecurityEventSigner,
  ) {}

  /** The position at which a snapshot that begins now ends. Single events follow it. */
  begin(): FeedPosition {
    const isOld = performance.now() - this.madeAt > MAX_AGE_MILLISECONDS;
    if (isOld || this.generation !== this.feed.generation) this.discard();
    if (this.feed.end.sequence - this.end.sequence >= MAX_EVENTS_BEHIND) this.end = this.feed.end;
    return this.end;
  }

  /** The position after the last page, which may not exist yet. */
  get endPlace(): FeedPosition {
    return this.end;
  }

  /**
   * The page that contains the revocations after a sequence number. It may begin before that number.
   *
   * @returns `undefined` after the last page
   * @throws Error if each new page has expired as soon as it is signed
   */
  async after(sequence: number): Promise<SnapshotPage | undefined> {
    for (let discarded = 0; discarded <= MAX_DISCARDED;) {
      if (this.generation !== this.feed.generation) this.discard();
      // Another replica, whose pages end later, may have sent the previous pages.
      if (sequence > this.end.sequence) this.end = this.feed.end;
      if (sequence >= this.end.sequence) return undefined;
      const page = this.pages[indexBehind(this.pages, sequence)];
      if (page !== undefined && this.events.isLive(page.event)) return page;
      if (page !== undefined) {
        discarded += 1;
        this.discard();
      }
      this.making ??= this.make().finally(() => (this.making = undefined));
      await this.making;
    }
    throw new Error('Each signed page of the snapshot had expired at once: check the clock of this server.');
  }

  private discard(): void {
    this.pages = [];
    this.end = this.feed.end;
    this.generation = this.feed.generation;
    this.madeAt = performance.now();
  }

  private async make(): Promise<void> {
    const { pages, end } = this;
    const after = pages.at(-1)?.upTo ?? 0;
    const { entries, isFull } = bounded(await this.table.after(after, MAX_PAGE_ENTRIES));
    const last = entries.at(-1)?.sequence ?? end.sequence;
    const upTo = isFull ? Math.min(last, end.sequence) : end.sequence;
    const { now } = this.events;
    const revocations = entries.filter(({ sequence, expiresAt }) => sequence <= upTo && expiresAt > now);
    const event = await this.events.signPage({ after, upTo, revocations });
    // The pages may have been discarded in the meantime, because the database or the key changed.
    if (pages === this.pages) pages.push({ event, upTo });
  }
}

/** The entries that fit into a page, and whether more may follow. */
function bounded(entries: readonly SequencedRevocation[]): {
  entries: readonly SequencedRevocation[];
  isFull: boolean;
} {
  let bytes = 0;
  for (const [at, { target, permissions = [] }] of entries.entries()) {
    bytes += Buffer.byteLength(JSON.stringify([target, permissions]));
    if (bytes > MAX_PAGE_BYTES && at > 0) return { entries: entries.slice(0, at), isFull: true };
  }
  return { entries, isFull: entries.length === MAX_PAGE_ENTRIES };
}

/** The index of the first page that ends after a sequence number; `pages.length` if there is none. */
function indexBehind(pages: readonly SnapshotPage[], sequence: number): number {
  let from = 0;
  let to = pages.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (pages[middle]!.upTo > sequence) to = middle;
    else from = middle + 1;
  }
  return from;
}
