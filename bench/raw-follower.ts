import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

const LONGEST_MARK = 16;

/** A follower of the feed that reads as little as it can: it counts events, so that its own work hides no work of the server. */
export class RawFollower {
  /** When each single event arrived after the snapshot, by `performance.now()`. */
  readonly eventsAt: number[] = [];
  /** Resolves with the time at which the snapshot was complete. */
  readonly completeAt: Promise<number>;
  bytes = 0;
  private readonly asked: ClientRequest;
  private isComplete = false;
  private tail = '';

  constructor(server: string, token: string) {
    this.asked = request(`${server}/auth/revocations`, {
      agent: false,
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    });
    this.completeAt = this.read();
    this.completeAt.catch(() => undefined);
  }

  leave(): void {
    this.asked.destroy();
  }

  private async read(): Promise<number> {
    const [response] = (await once(this.asked.end(), 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`The feed answers ${response.statusCode}.`);
    return new Promise((resolve, reject) => {
      response.on('error', () => undefined);
      response.on('close', () => reject(new Error('The feed ended the stream.')));
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        const now = performance.now();
        if (this.isComplete) return this.count(chunk, now);
        // Only the end of a chunk can end a snapshot.
        this.tail = (this.tail + chunk.subarray(-200).toString('latin1')).slice(-200);
        if (!this.tail.includes('event: position')) return;
        this.isComplete = true;
        this.tail = '';
        resolve(now);
      });
    });
  }

  private count(chunk: Buffer, now: number): void {
    const text = this.tail + chunk.toString('latin1');
    const events = text.split('event: set\ndata:').length - 1;
    for (let at = 0; at < events; at += 1) this.eventsAt.push(now);
    this.tail = text.slice(-LONGEST_MARK).replace('event: set\ndata:', '');
  }
}
