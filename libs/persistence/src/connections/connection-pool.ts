import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Ambient } from '../transactions/transaction-context.js';
import { Connection } from './connection.js';
import { LimitedPool, type PoolCallback } from './limited-pool.js';
import { marked } from './transient-errors.js';

/** For work that has to be prompt: beside the pool, for there it would wait behind everybody else. */
const promptly = { max: 2, query_timeout: 3000, connectionTimeoutMillis: 5000 };

/** Connections that a process may open beside the pool: the reserved ones, and the two that listen for keys and for revocations. */
export const CONNECTIONS_BESIDE_POOL = promptly.max + 2;

/** The connections of a data source; undefined where it was opened without them, as by a team's own test, or is closed. */
export function connectionsOf(dataSource: DataSource): Connections | undefined {
  const { master } = dataSource.driver as unknown as { readonly master?: unknown };
  return master instanceof Connections ? master : undefined;
}

/** The pool of connections, and a few beside it. */
export class Connections extends LimitedPool {
  private readonly siblings: Set<Connection>;
  private readonly aside: LimitedPool;
  private readonly prompt = new Ambient<typeof promptly>();

  constructor(options: pg.PoolConfig) {
    const siblings = new Set<Connection>();
    // The driver's types know only the clients that take no settings, which are none.
    const config = { ...options, Client: Connection as unknown as pg.PoolConfig['Client'], siblings };
    super(config, 'requests');
    this.siblings = siblings;
    this.aside = new LimitedPool({ ...config, ...promptly }, 'readings of keys and revocations');
    this.aside.on('error', (error, client) => this.emit('error', error, client));
  }

  /** @see Database.promptly */
  async promptly<T>(work: () => Promise<T>): Promise<T> {
    this.prompt.enter();
    try {
      return await this.prompt.inside(promptly, work);
    } finally {
      this.prompt.close();
    }
  }

  /** Opens the reserved connections, before anything else may take what the server allows. */
  async openReserved(): Promise<void> {
    await Promise.all(Array.from({ length: promptly.max }, () => this.aside.query('SELECT 1')));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: PoolCallback): void;
  override connect(callback?: PoolCallback): Promise<pg.PoolClient> | void {
    const isPrompt = this.prompt.found !== undefined;
    if (!callback) return isPrompt ? this.aside.connect() : super.connect();
    const settle: PoolCallback = (error, client, release) => callback(marked(error), client, release);
    return isPrompt ? this.aside.connect(settle) : super.connect(settle);
  }

  /** Milliseconds since the database last answered on any of the connections; infinite where it has not. */
  get silentMilliseconds(): number {
    return Math.min(...[...this.siblings].map((connection) => connection.silentMilliseconds));
  }

  override end(): Promise<void>;
  override end(ended: () => void): void;
  override end(ended?: () => void): Promise<void> | void {
    void this.aside.end();
    const all = super.end();
    return ended ? void all.then(ended, ended) : all;
  }

  /** Closes what is still open after the time, so that a stop does not wait for answers that never come. Nobody is told of a loss. */
  endAfter(milliseconds: number): void {
    setTimeout(() => this.siblings.forEach((connection) => void connection.end()), milliseconds).unref();
  }
}
