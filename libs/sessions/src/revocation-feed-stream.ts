import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RevocationFeed } from './revocation-feed.js';
import type { FeedEntry } from './revocation-feed-history.js';
import { cursorOf, placeOf, textOfCursor, type FeedPlace } from './revocation-feed-place.js';
import type { RevocationProgress } from './revocation-progress.js';

const heartbeatMilliseconds = 1000;
/** Who does not read for so long is cut off: what waits for them would fill the memory. */
const slowReaderMilliseconds = 5000;
const writtenAtOnce = 20;

/** One follower on one open response, told by Server-Sent Events. */
export class RevocationFeedStream {
  private toldAt = Number.NEGATIVE_INFINITY;
  /** A follower that begins knows all that was revoked before: what the database was last asked until then does not say so. */
  private readonly beganAt = performance.now();

  /** @param assertAllowed throws when the follower may not be told any more */
  constructor(
    private readonly feed: RevocationFeed,
    private readonly progress: RevocationProgress,
    private readonly response: ServerResponse,
    private readonly assertAllowed: () => void,
    private readonly signal: AbortSignal,
  ) {}

  /** Tells until the follower goes, may not be told any more, or is too slow; or until this replica knows nothing itself. */
  async run(cursor: string | undefined): Promise<void> {
    // A stream is the last thing on its connection, so that closing the server does not wait for it.
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    });
    await this.feed.refresh();
    let place = cursorOf(cursor)?.place;
    for (;;) {
      const entries = place && this.feed.after(place, writtenAtOnce);
      if (place === undefined || entries === undefined) {
        place = await this.tellSnapshot(place === undefined && cursor === undefined ? 'start' : 'unknown-cursor');
      } else if (entries.length > 0) {
        await this.write(await this.eventsOf(entries));
        place = placeOf(entries.at(-1)!);
      } else {
        await this.tellPosition(place);
        // After what was to be told: the end of this follower's own token is news for it as well.
        this.assertAllowed();
        if (!this.feed.hasNews) await this.progress.moved(this.untilHeartbeat, this.signal);
      }
      this.signal.throwIfAborted();
      this.feed.assertKnown();
      await this.feed.refresh();
    }
  }

  private async tellSnapshot(reason: string): Promise<FeedPlace> {
    await this.write(`event: reset\ndata: ${JSON.stringify({ reason })}\n\n`);
    const { end } = this.feed;
    let toldUpTo: number | undefined = 0;
    while (toldUpTo !== undefined) {
      const page: { text?: string; toldUpTo?: number } = await this.feed.snapshot(toldUpTo, end);
      if (page.text !== undefined) await this.write(`event: set\ndata: ${page.text}\n\n`);
      this.signal.throwIfAborted();
      toldUpTo = page.toldUpTo;
    }
    // The position is told by what follows.
    this.toldAt = Number.NEGATIVE_INFINITY;
    return end;
  }

  private async eventsOf(entries: readonly FeedEntry[]): Promise<string> {
    const events: string[] = [];
    for (const entry of entries) {
      const id = textOfCursor({ place: placeOf(entry) });
      events.push(`id: ${id}\nevent: set\ndata: ${await this.feed.signed(entry)}\n\n`);
    }
    return events.join('');
  }

  /** The end of a snapshot, and the heartbeat: only what was read from the database since the last one may say that nothing is missing. */
  private async tellPosition(place: FeedPlace): Promise<void> {
    const isDue = performance.now() - this.toldAt >= heartbeatMilliseconds;
    if (!isDue || this.feed.hasNews || !this.feed.isFresh) return;
    if (this.progress.readAt <= Math.max(this.toldAt, this.beganAt)) return;
    this.toldAt = performance.now();
    const id = textOfCursor({ place });
    await this.write(`id: ${id}\nevent: position\ndata: ${JSON.stringify({ sequence: place.sequence })}\n\n`);
  }

  private get untilHeartbeat(): number {
    return Math.max(100, this.toldAt + heartbeatMilliseconds - performance.now());
  }

  private async write(text: string): Promise<void> {
    this.signal.throwIfAborted();
    if (this.response.write(text)) return;
    // Its end wakes this up, and the loop then finds out why.
    const patience = setTimeout(() => this.response.destroy(), slowReaderMilliseconds);
    try {
      await once(this.response, 'drain', { signal: this.signal });
    } finally {
      clearTimeout(patience);
    }
  }
}
