import { once } from 'node:events';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const MAX_MARK = 16;
const PAUSE_MILLISECONDS = 100;

/** A minimal follower of the feed. It only counts events, so that its own work does not affect the server's figures. */
export class RawFollower {
  /** The arrival times of the events after the snapshot, by `performance.now()`. */
  readonly eventsAt: number[] = [];
  /** Resolves with the time at which the snapshot was complete. */
  readonly completeAt: Promise<number>;
  /** Bytes of the snapshot and of the events after it. */
  bytes = 0;
  private asked: ClientRequest | undefined;
  private hasLeft = false;
  private isComplete = false;
  private tail = '';

  constructor(
    private readonly server: string,
    private readonly token: string,
  ) {
    this.completeAt = this.follow();
    this.completeAt.catch(() => undefined);
  }

  leave(): void {
    this.hasLeft = true;
    this.asked?.destroy();
  }

  /** A busy server ends its streams, so the follower reconnects. */
  private async follow(): Promise<number> {
    for (;;) {
      try {
        return await this.read();
      } catch (error) {
        if (this.hasLeft) throw error;
        await delay(PAUSE_MILLISECONDS);
      }
    }
  }

  private async read(): Promise<number> {
    this.bytes = 0;
    this.tail = '';
    this.asked = request(`${this.server}/auth/revocations`, {
      agent: false,
      headers: { authorization: `Bearer ${this.token}`, accept: 'text/event-stream' },
    });
    const [response] = (await once(this.asked.end(), 'response')) as [IncomingMessage];
    return new Promise((resolve, reject) => {
      response.on('error', () => undefined);
      response.on('close', () => reject(new Error(`The feed ended the stream of status ${response.statusCode}.`)));
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        const now = performance.now();
        if (this.isComplete) return this.count(chunk, now);
        // A snapshot can end only at the end of a chunk.
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
    this.tail = text.slice(-MAX_MARK).replace('event: set\ndata:', '');
  }
}
