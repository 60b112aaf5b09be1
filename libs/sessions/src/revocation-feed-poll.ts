import { Injectable } from '@nestjs/common';
import { RevocationPageDto } from './dto/revocation-page.dto.js';
import { RevocationFeed } from './revocation-feed.js';
import type { FeedEntry } from './revocation-feed-history.js';
import { cursorOf, placeOf, textOfCursor, type FeedPlace } from './revocation-feed-place.js';
import { RevocationProgress } from './revocation-progress.js';

const pageSize = 100;
const shortPauseMilliseconds = 100;

/** Answers those who ask again and again, because something between breaks streams. */
@Injectable()
export class RevocationFeedPoll {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly progress: RevocationProgress,
  ) {}

  /**
   * What follows a cursor; waits for it where there is nothing yet.
   *
   * @throws RevocationsUnknownError when this replica knows nothing itself
   */
  async page(text: string | undefined, waitSeconds: number, signal: AbortSignal): Promise<RevocationPageDto> {
    const cursor = cursorOf(text);
    // A follower that begins knows all that was revoked before.
    await this.untilFresh(signal, cursor === undefined ? performance.now() : undefined);
    if (cursor?.toldUpTo !== undefined) return this.snapshot(cursor.place, cursor.toldUpTo, false);
    if (cursor === undefined || this.feed.after(cursor.place, 1) === undefined) {
      return this.snapshot(this.feed.end, 0, true);
    }
    return this.following(cursor.place, waitSeconds, signal);
  }

  private async following(place: FeedPlace, waitSeconds: number, signal: AbortSignal): Promise<RevocationPageDto> {
    const deadline = performance.now() + waitSeconds * 1000;
    for (;;) {
      const entries = this.feed.after(place, pageSize + 1);
      if (entries === undefined) return this.snapshot(this.feed.end, 0, true);
      const left = deadline - performance.now();
      if (entries.length > 0 || left <= 0 || signal.aborted) return this.told(place, entries);
      if (!this.feed.hasNews) await this.progress.moved(left, signal);
      await this.untilFresh(signal);
    }
  }

  /** An answer says that nothing is missing up to it: only a replica that has just read the database can say so. */
  private async untilFresh(signal: AbortSignal, since = Number.NEGATIVE_INFINITY): Promise<void> {
    for (;;) {
      this.feed.assertKnown();
      await this.feed.refresh();
      if ((this.feed.isFresh && this.progress.readAt > since) || signal.aborted) return;
      await this.progress.moved(shortPauseMilliseconds, signal);
    }
  }

  private async told(place: FeedPlace, entries: readonly FeedEntry[]): Promise<RevocationPageDto> {
    const sets: string[] = [];
    const page = entries.slice(0, pageSize);
    for (const entry of page) sets.push(await this.feed.signed(entry));
    const last = page.at(-1);
    const end = last ? placeOf(last) : place;
    const hasMore = entries.length > pageSize;
    return pageOf({ reset: false, sets, cursor: textOfCursor({ place: end }), sequence: end.sequence, hasMore });
  }

  private async snapshot(end: FeedPlace, after: number, reset: boolean): Promise<RevocationPageDto> {
    const { text, toldUpTo } = await this.feed.snapshot(after, end);
    const cursor = textOfCursor({ place: end, toldUpTo });
    const sets = text === undefined ? [] : [text];
    return pageOf({ reset, sets, cursor, sequence: end.sequence, hasMore: toldUpTo !== undefined });
  }
}

function pageOf({ hasMore, ...rest }: Omit<RevocationPageDto, 'more_available'> & { hasMore: boolean }) {
  return Object.assign(new RevocationPageDto(), rest, { more_available: hasMore });
}
