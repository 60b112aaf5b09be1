import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FeedBroadcast } from './feed-broadcast.js';
import type { Follower } from './feed-broadcast.js';
import { RevocationFeed } from './revocation-feed.js';
import type { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { positionOf, START } from './feed-position.js';
import type { SecurityEventSigner } from './security-event-signer.js';

const FOLLOWERS = 10;
const WRITE_MILLISECONDS = 5;

/** A connection whose every write keeps the processor busy, as that of a real one does for a while. */
class BusySocket extends Duplex {
  readonly writtenAt: number[] = [];

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, written: () => void): void {
    const before = process.cpuUsage();
    for (;;) {
      const { user, system } = process.cpuUsage(before);
      if (user + system >= WRITE_MILLISECONDS * 1000) break;
    }
    this.writtenAt.push(performance.now());
    written();
  }
}

/** A feed without a database, and without position events. */
class WrittenFeed extends RevocationFeed {
  private count = 0;

  constructor() {
    super({} as CheckedRevocationsSettings);
  }

  override assertKnown(): void {}

  override isComplete(): boolean {
    return false;
  }

  add(): void {
    const entry = { id: crypto.randomUUID(), sequence: (this.count += 1) } as SequencedRevocation;
    this.append({ after: this.end, entries: [entry], end: positionOf(entry), lastSequence: this.count });
  }
}

const events = {
  signRevocation: () => Promise.resolve({ frame: Buffer.from('event: set\ndata: token\n\n') }),
} as unknown as SecurityEventSigner;

describe('FeedBroadcast', () => {
  it('a broadcast whose writes took long is followed by a pause that leaves the thread to requests', async () => {
    const feed = new WrittenFeed();
    const broadcast = new FeedBroadcast(feed, events);
    const leaving = new AbortController();
    const sockets = Array.from({ length: FOLLOWERS }, () => new BusySocket());
    const joined = sockets.map((socket) => {
      const connection = socket as unknown as Socket;
      const response = new ServerResponse(new IncomingMessage(connection));
      response.removeHeader('Transfer-Encoding');
      response.assignSocket(connection);
      response.flushHeaders();
      const follower = { response, signal: leaving.signal, assertAllowed: () => undefined };
      return broadcast.join(follower, START, performance.now()).catch(() => undefined);
    });
    const last = sockets.at(-1)!;
    const heads = last.writtenAt.length;
    const giveUpAt = performance.now() + 4000;
    const written = async (writes: number): Promise<void> => {
      while (last.writtenAt.length - heads < writes && performance.now() < giveUpAt)
        await new Promise((resolve) => setTimeout(resolve, 1));
    };

    feed.add();
    await written(1);
    feed.add();
    await written(2);

    const [first = 0, second = 0] = last.writtenAt.slice(heads);
    expect(second - first).toBeGreaterThan(100 + FOLLOWERS * WRITE_MILLISECONDS - 1);
    leaving.abort();
    await Promise.all(joined);
  });

  it('catchUp() resolves if the last follower leaves before the next broadcast', async () => {
    const broadcast = new FeedBroadcast(new WrittenFeed(), events);
    const leaving = new AbortController();
    const follower = { response: {}, signal: leaving.signal, assertAllowed: () => undefined } as unknown as Follower;
    const joined = broadcast.join(follower, START, performance.now());
    await new Promise(setImmediate);
    let hasCaughtUp = false;
    void broadcast.catchUp().then(() => (hasCaughtUp = true));
    leaving.abort();
    await expect(joined).rejects.toBe(leaving.signal.reason);
    await new Promise(setImmediate);
    expect(hasCaughtUp).toBe(true);
  });
});
