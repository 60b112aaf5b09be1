import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { eventFrame } from './event-frame.js';
import { HEARTBEAT_MILLISECONDS, positionFrame } from './feed-broadcast.js';
import type { FeedBroadcast, Follower } from './feed-broadcast.js';
import type { RevocationFeed } from './revocation-feed.js';
import type { FeedEntry } from '../storage/revocation-feed-history.js';
import { cursorOf, positionOf } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import type { ReadPosition } from '../storage/read-position.js';
import type { RevocationSnapshot } from './revocation-snapshot.js';

/** A follower that does not read for so long is cut off: what waits for it would fill the memory. */
const SLOW_READER_MILLISECONDS = 5000;
const MAX_EVENTS_AT_ONCE = 20;
const MAX_NAP_MILLISECONDS = 100;

/** What the streams of all followers share. */
export interface FeedSources {
  readonly feed: RevocationFeed;
  readonly snapshot: RevocationSnapshot;
  readonly position: ReadPosition;
  readonly broadcast: FeedBroadcast;
}

/**
 * Server-Sent Events for one follower. It hears by itself what it missed; then it joins the broadcast, which writes to all at once.
 */
export class RevocationFeedStream {
  private readonly response: ServerResponse;
  private positionAt = Number.NEGATIVE_INFINITY;
  /** A new follower knows everything that was revoked before it connected: an older reading of the database does not say so. */
  private readonly beganAt = performance.now();

  constructor(
    private readonly sources: FeedSources,
    private readonly follower: Follower,
  ) {
    this.response = follower.response;
  }

  /**
   * Writes until the follower goes, may not read any more, or reads too slowly; or until this replica knows nothing itself.
   *
   * @throws Error that says why the stream ends
   */
  async run(cursor: string | undefined): Promise<void> {
    const { feed, broadcast } = this.sources;
    // The stream is the last response of its connection, so that a closing server does not wait for another request. It ends with
    // the connection: chunks would have to be framed for each follower again.
    this.response.removeHeader('Transfer-Encoding');
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    });
    this.response.flushHeaders();
    await feed.refresh();
    let place = cursorOf(cursor)?.position;
    for (;;) {
      const entries = place && feed.after(place, MAX_EVENTS_AT_ONCE);
      if (place === undefined || entries === undefined) {
        place = await this.writeSnapshot(place === undefined && cursor === undefined ? 'start' : 'unknown-cursor');
      } else if (entries.length > 0) {
        await this.writeEvents(entries);
        place = positionOf(entries.at(-1)!);
      } else {
        place = await this.wait(place);
      }
      this.follower.signal.throwIfAborted();
      feed.assertKnown();
      // Whoever joins the broadcast has to know all that it has told.
      await broadcast.catchUp();
      await feed.refresh();
    }
  }

  private async writeSnapshot(reason: string): Promise<FeedPosition> {
    const { feed, snapshot } = this.sources;
    await this.write(eventFrame('reset', JSON.stringify({ reason })).frame);
    const { generation } = feed;
    snapshot.begin();
    for (let upTo = 0; ;) {
      const page = await snapshot.after(upTo);
      // The order was read again, perhaps from another database.
      if (feed.generation !== generation) return this.writeSnapshot('unknown-cursor');
      if (page !== undefined) {
        await this.write(page.event.frame);
        ({ upTo } = page);
      } else if (snapshot.begin().sequence <= upTo) {
        break;
      }
    }
    // The position follows at the next opportunity.
    this.positionAt = Number.NEGATIVE_INFINITY;
    return snapshot.endPlace;
  }

  private async writeEvents(entries: readonly FeedEntry[]): Promise<void> {
    const frames: Buffer[] = [];
    for (const entry of entries) frames.push((await this.sources.feed.signed(entry)).frame);
    this.response.cork();
    const writes = frames.map((frame) => this.response.write(frame));
    this.response.uncork();
    if (writes.includes(false)) await this.drained();
  }

  /** At the end of what there is to tell: a position, then the broadcast. */
  private async wait(place: FeedPosition): Promise<FeedPosition> {
    const { feed, position, broadcast } = this.sources;
    await this.writePosition(place);
    // After the events: the follower hears of the revocation of its own token, too.
    this.follower.assertAllowed();
    if (this.positionAt !== Number.NEGATIVE_INFINITY && broadcast.isAt(place)) {
      const reached = await broadcast.join(this.follower, place, this.positionAt);
      if (this.response.writableNeedDrain) await this.drained();
      return reached;
    }
    if (!feed.hasNews) await position.moved(MAX_NAP_MILLISECONDS, this.follower.signal);
    return place;
  }

  /** Ends a snapshot, and every second a time without events. Only a reading since the last one can say that nothing is missing. */
  private async writePosition(place: FeedPosition): Promise<void> {
    const { feed, position } = this.sources;
    const isDue = performance.now() - this.positionAt >= HEARTBEAT_MILLISECONDS;
    if (!isDue || feed.hasNews || !feed.isFresh) return;
    if (position.readAt <= Math.max(this.positionAt, this.beganAt)) return;
    this.positionAt = performance.now();
    await this.write(positionFrame(place));
  }

  private async write(frame: Buffer): Promise<void> {
    this.follower.signal.throwIfAborted();
    if (!this.response.write(frame)) await this.drained();
  }

  /** Waits for the follower to read, and cuts it off if it does not. */
  private async drained(): Promise<void> {
    const { signal } = this.follower;
    signal.throwIfAborted();
    const patience = new AbortController();
    const giveUp = (): void => patience.abort();
    const timer = setTimeout(() => {
      this.response.destroy();
      giveUp();
    }, SLOW_READER_MILLISECONDS);
    // The end of the connection ends the wait, too.
    signal.addEventListener('abort', giveUp);
    try {
      await once(this.response, 'drain', { signal: patience.signal });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }
}
