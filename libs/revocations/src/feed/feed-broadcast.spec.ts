import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FeedBroadcast } from './feed-broadcast.js';
import type { RevocationFeed } from './revocation-feed.js';
import type { FeedEntry } from '../storage/revocation-feed-history.js';
import { START } from './feed-position.js';
import { ReadPosition } from '../storage/read-position.js';

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

/** A feed without a database: each entry is known at once, and signed. */
class WrittenFeed {
  readonly entries: FeedEntry[] = [];
  readonly isFresh = false;
  readonly hasNews = false;
  readonly assertKnown = (): void => undefined;
  readonly refresh = (): Promise<void> => Promise.resolve();
  readonly signed = () => Promise.resolve({ frame: Buffer.from('event: set\ndata: token\n\n') });

  after({ sequence }: { sequence: number }, most: number): readonly FeedEntry[] {
    return this.entries.slice(sequence, sequence + most);
  }

  add(progress: ReadPosition): void {
    this.entries.push({ id: crypto.randomUUID(), sequence: this.entries.length + 1 } as FeedEntry);
    progress.note(this.entries.length);
  }
}

describe('FeedBroadcast', () => {
  it('a broadcast whose writes took long is followed by a pause that leaves the thread to requests', async () => {
    const feed = new WrittenFeed();
    const progress = new ReadPosition();
    const broadcast = new FeedBroadcast(feed as unknown as RevocationFeed, progress);
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

    feed.add(progress);
    await written(1);
    feed.add(progress);
    await written(2);

    const [first = 0, second = 0] = last.writtenAt.slice(heads);
    expect(second - first).toBeGreaterThan(100 + FOLLOWERS * WRITE_MILLISECONDS - 1);
    leaving.abort();
    await Promise.all(joined);
  });
});
