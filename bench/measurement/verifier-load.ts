import { Agent, request } from 'node:http';
import type { Child } from '../cluster/child.js';

const CONNECTIONS = 16;
const TICK_MILLISECONDS = 2;

/** A request and its outcome. */
export interface Probe {
  readonly token: string;
  /** `sentAt` and `answeredAt` are values of `performance.now()`. */
  readonly answered: (status: number, sentAt: number, answeredAt: number) => void;
}

/** Sends requests to a verifier at a constant rate, and calls `next` for each request. */
export class VerifierLoad {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  private readonly timer: NodeJS.Timeout;
  private readonly began = performance.now();
  private sent = 0;
  private skipped = 0;
  private underway = 0;
  private failures = 0;

  constructor(
    private readonly verifier: Child,
    private readonly perSecond: number,
    private readonly next: () => Probe,
  ) {
    this.timer = setInterval(() => this.catchUp(), TICK_MILLISECONDS);
  }

  /** The actual requests per second. */
  get rate(): number {
    return this.sent / ((performance.now() - this.began) / 1000);
  }

  /** @throws Error if a connection failed, because the verifier's answer is unknown */
  stop(): void {
    clearInterval(this.timer);
    this.agent.destroy();
    if (this.failures > 0) throw new Error(`${this.failures} requests to ${this.verifier.url} failed.`);
  }

  private catchUp(): void {
    const due = Math.floor(((performance.now() - this.began) / 1000) * this.perSecond);
    while (this.sent + this.skipped < due) {
      // A verifier that falls behind gets fewer requests, and the rate shows it. A queue would count as latency of the
      // verifier.
      if (this.underway >= CONNECTIONS) {
        this.skipped = due - this.sent;
        return;
      }
      this.sent += 1;
      this.underway += 1;
      this.send(this.next());
    }
  }

  private send({ token, answered }: Probe): void {
    const sentAt = performance.now();
    const { agent } = this;
    request(`${this.verifier.url}/hello`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      this.underway -= 1;
      answered(response.statusCode!, sentAt, performance.now());
      response.resume();
    })
      .on('error', () => (this.failures += 1))
      .end();
  }
}
