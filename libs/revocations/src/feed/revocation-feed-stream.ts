import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { eventFrame, FEED_CACHE_CONTROL } from './event-frame.js';
import { HEARTBEAT_MILLISECONDS, positionFrame } from './feed-broadcast.js';
import type { FeedBroadcast, Follower } from './feed-broadcast.js';
import type { RevocationFeed } from './revocation-feed.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { cursorOf, positionOf } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import type { RevocationSnapshot } from './revocation-snapshot.js';
import type { SecurityEventSigner } from './security-event-signer.js';

/** A follower that does not read for this long is disconnected: its unread events would fill the memory. */
const MAX_UNREAD_MILLISECONDS = 5000;
const MAX_EVENTS_AT_ONCE = 20;
const MAX_NAP_MILLISECONDS = 100;

/** The objects that the streams of all followers share. */
export interface FeedSources {
  readonly feed: RevocationFeed;
  readonly snapshot: RevocationSnapshot;
  readonly broadcast: FeedBroadcast;
  readonly events: SecurityEventSigner;
}

/**
 * The Server-Sent Events of one follower. The stream sends the missed revocations, and then joins the broadcast, which
 * writes to all followers at once.
 */
export class RevocationFeedStream {
  private readonly response: ServerResponse;
  private positionAt = Number.NEGATIVE_INFINITY;
  /** A position event needs a read of the database that is newer than the connection. */
  private readonly beganAt = performance.now();

  constructor(
    private readonly sources: FeedSources,
    private readonly follower: Follower,
  ) {
    this.response = follower.response;
  }

  /**
   * Writes until the follower disconnects, loses its access, or reads too slowly, or this replica loses the database.
   *
   * @throws Error with the reason why the stream ends
   */
  async run(cursor: string | undefined): Promise<void> {
    const { feed, broadcast } = this.sources;
    // The stream is the last response of its connection, so that a closing server does not wait for another request.
    // The end of the connection ends it: chunked encoding would need new frames for each follower.
    this.response.removeHeader('Transfer-Encoding');
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': FEED_CACHE_CONTROL,
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    });
    this.response.flushHeaders();
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
      // A follower that joins the broadcast must have received all that the broadcast has sent.
      await broadcast.catchUp();
    }
  }

  private async writeSnapshot(reason: string): Promise<FeedPosition> {
    const { feed, snapshot } = this.sources;
    await this.write(eventFrame('reset', JSON.stringify({ reason })).frame);
    const { generation } = feed;
    snapshot.begin();
    for (let upTo = 0; ;) {
      const page = await snapshot.after(upTo);
      // The order was reloaded, perhaps from another database.
      if (feed.generation !== generation) return this.writeSnapshot('unknown-cursor');
      if (page !== undefined) {
        await this.write(page.event.frame);
        ({ upTo } = page);
      } else if (snapshot.begin().sequence <= upTo) {
        break;
      }
    }
    // Send a position event as soon as possible.
    this.positionAt = Number.NEGATIVE_INFINITY;
    return snapshot.endPlace;
  }

  private async writeEvents(entries: readonly SequencedRevocation[]): Promise<void> {
    const frames: Buffer[] = [];
    for (const entry of entries) frames.push((await this.sources.events.signRevocation(entry)).frame);
    this.response.cork();
    const writes = frames.map((frame) => this.response.write(frame));
    this.response.uncork();
    if (writes.includes(false)) await this.drained();
  }

  /** After the last revocation: sends a position event, then joins the broadcast. */
  private async wait(place: FeedPosition): Promise<FeedPosition> {
    const { feed, broadcast } = this.sources;
    await this.writePosition(place);
    // Check the token after the events: a follower also receives the revocation of its own token.
    this.follower.assertAllowed();
    if (this.positionAt !== Number.NEGATIVE_INFINITY && broadcast.isAt(place)) {
      const reached = await broadcast.join(this.follower, place, this.positionAt);
      if (this.response.writableNeedDrain) await this.drained();
      return reached;
    }
    await feed.moved(place, MAX_NAP_MILLISECONDS, this.follower.signal);
    return place;
  }

  /** Sends a position event after a snapshot, and once a second. It needs a read of the database since the last one. */
  private async writePosition(place: FeedPosition): Promise<void> {
    const isDue = performance.now() - this.positionAt >= HEARTBEAT_MILLISECONDS;
    if (!isDue || !this.sources.feed.isComplete(Math.max(this.positionAt, this.beganAt))) return;
    this.positionAt = performance.now();
    await this.write(positionFrame(place));
  }

  private async write(frame: Buffer): Promise<void> {
    this.follower.signal.throwIfAborted();
    if (!this.response.write(frame)) await this.drained();
  }

  /** Waits until the follower has read its events, and disconnects it after the timeout. */
  private async drained(): Promise<void> {
    const { signal } = this.follower;
    signal.throwIfAborted();
    const waiting = new AbortController();
    const giveUp = (): void => waiting.abort();
    const timer = setTimeout(() => {
      this.response.destroy();
      giveUp();
    }, MAX_UNREAD_MILLISECONDS);
    // The end of the connection also ends the wait.
    signal.addEventListener('abort', giveUp);
    try {
      await once(this.response, 'drain', { signal: waiting.signal });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }
}
