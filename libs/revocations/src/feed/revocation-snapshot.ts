import { Injectable } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedHistory } from '../storage/revocation-feed-history.js';
import type { FeedEntry } from '../storage/revocation-feed-history.js';
import { START } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { SecurityEventSigner } from './security-event-signer.js';
import type { SignedEvent } from './security-event-signer.js';

const MAX_PAGE_ENTRIES = 500;
/** Of the targets as JSON: followers bound what they read, and a larger page would hold up the event loop of both sides. */
const MAX_PAGE_BYTES = 262_144;
/** A snapshot that ends so far behind is continued by a page; what is newer follows as single events. */
const MAX_EVENTS_BEHIND = 100;
/** Then the pages are made again: meanwhile they keep revocations that have expired. */
const MAX_AGE_MILLISECONDS = 300_000;

/** A stretch of the order, signed once for all followers. */
export interface SnapshotPage {
  readonly event: SignedEvent;
  /** The last place of the stretch. */
  readonly upTo: number;
}

/**
 * Every revocation that can still concern a token, in signed pages. The first follower that needs a page has it made, and all
 * others get the same buffer. A follower holds no more than the one page that is being sent to it.
 */
@Injectable()
export class RevocationSnapshot {
  private pages: SnapshotPage[] = [];
  private end = START;
  private generation = -1;
  private madeAt = Number.NEGATIVE_INFINITY;
  private making: Promise<void> | undefined;

  constructor(
    private readonly history: RevocationFeedHistory,
    private readonly feed: RevocationFeed,
    private readonly events: SecurityEventSigner,
  ) {}

  /** The place at which a snapshot ends that begins now. Single events tell what follows it. */
  begin(): FeedPosition {
    const isOld = performance.now() - this.madeAt > MAX_AGE_MILLISECONDS;
    if (isOld || this.generation !== this.feed.generation) this.discard();
    if (this.feed.end.sequence - this.end.sequence >= MAX_EVENTS_BEHIND) this.end = this.feed.end;
    return this.end;
  }

  /** The place behind the last page, which may not be made yet. */
  get endPlace(): FeedPosition {
    return this.end;
  }

  /**
   * The page that goes on behind a place in the order. It may begin before that place.
   *
   * @returns `undefined` behind the last page
   */
  async after(sequence: number): Promise<SnapshotPage | undefined> {
    for (;;) {
      if (this.generation !== this.feed.generation) this.discard();
      // Another replica, whose pages end later, may have sent the pages before.
      if (sequence > this.end.sequence) this.end = this.feed.end;
      if (sequence >= this.end.sequence) return undefined;
      const page = this.pages[indexBehind(this.pages, sequence)];
      if (page !== undefined && this.events.isLive(page.event)) return page;
      if (page !== undefined) this.discard();
      this.making ??= this.make().finally(() => (this.making = undefined));
      await this.making;
    }
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
    const { entries, isFull } = bounded(await this.history.after(after, MAX_PAGE_ENTRIES));
    const last = entries.at(-1)?.sequence ?? end.sequence;
    const upTo = isFull ? Math.min(last, end.sequence) : end.sequence;
    const { now } = this.events;
    const revocations = entries.filter(({ sequence, expiresAt }) => sequence <= upTo && expiresAt > now);
    const event = await this.events.signPage({ after, upTo, revocations });
    // Meanwhile the pages may have been discarded, because the database or the key is another one.
    if (pages === this.pages) pages.push({ event, upTo });
  }
}

/** As many of the entries as fit into a page, and whether more may follow. */
function bounded(entries: readonly FeedEntry[]): { entries: readonly FeedEntry[]; isFull: boolean } {
  let bytes = 0;
  for (const [at, { target }] of entries.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(target));
    if (bytes > MAX_PAGE_BYTES && at > 0) return { entries: entries.slice(0, at), isFull: true };
  }
  return { entries, isFull: entries.length === MAX_PAGE_ENTRIES };
}

/** The index of the first page that reaches beyond a place; their number where none does. */
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
