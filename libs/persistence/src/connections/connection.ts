import pg from 'pg';
import { markTransient } from './transient-errors.js';

/** So long is waited for the other side to close as well. */
const CLOSE_TIMEOUT_MILLISECONDS = 1000;
/** A time-out that comes later than this was not the server's fault: this process had no time itself. */
const LATENESS_MILLISECONDS = 500;

/** SQLSTATE read_only_sql_transaction. */
const READ_ONLY = '25006';

/** What a connection is made from. */
export interface ConnectionConfig extends pg.ClientConfig {
  /** All open connections to the same database, this one among them as long as it is open. */
  readonly peers: Set<Connection>;
}

/**
 * A connection that nobody gets again after it was silent for `query_timeout`. What swallows the packets of one
 * connection (a firewall that forgot it, a fail-over) swallows those of its peers: all that have been silent for as
 * long are closed with it, so that the next to ask is given a fresh one.
 */
export class Connection extends pg.Client {
  private heardAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly config: ConnectionConfig) {
    super(config);
    this.connection.on('readyForQuery', () => (this.heardAt = performance.now()));
    this.once('connect', () => config.peers.add(this));
    this.once('end', () => config.peers.delete(this));
  }

  /** Milliseconds since the server last answered here. */
  get silentMilliseconds(): number {
    return performance.now() - this.heardAt;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the driver has nine overloads, and all are passed on
  override query(...asked: any[]): any {
    const askedAt = performance.now();
    const answer: unknown = (super.query as (...all: unknown[]) => unknown)(...asked);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: Error) => {
      if (error.message === 'Query read timeout') this.giveUp(askedAt);
      // The next connection may lead to the server that takes writes now.
      if ((error as pg.DatabaseError).code === READ_ONLY) void this.end();
      throw markTransient(error);
    });
  }

  /** Says good-bye; where nobody takes note of it, the connection is closed all the same. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    setTimeout(() => this.cut(), CLOSE_TIMEOUT_MILLISECONDS).unref();
    return callback ? super.end(callback) : super.end();
  }

  /** Closes it without a word, as a broken wire does: whoever waits for an answer is told that there will be none. */
  cut(): void {
    this.connection.stream.destroy();
  }

  private giveUp(askedAt: number): void {
    // From now on the pool does not give it away any more: the late answer would be the next one's.
    void this.end();
    const { query_timeout: patience = 0, peers } = this.config;
    if (performance.now() - askedAt > patience + LATENESS_MILLISECONDS) return;
    for (const peer of peers) if (peer.heardAt < askedAt) peer.cut();
  }
}
