import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Ambient } from './ambient.js';
import { Connection } from './connection.js';
import { marked } from './passing-failure.js';

type Given = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: unknown) => void) => void;

/** For work that has to be prompt: beside the pool, for there it would wait behind everybody else. */
const promptly = { max: 2, query_timeout: 3000, connectionTimeoutMillis: 5000 };

/** The connections of a data source; undefined where it was opened without them, as by a team's own test, or is closed. */
export function connectionsOf(dataSource: DataSource): Connections | undefined {
  const { master } = dataSource.driver as unknown as { readonly master?: unknown };
  return master instanceof Connections ? master : undefined;
}

/** The pool of connections, and a few beside it. */
export class Connections extends pg.Pool {
  private readonly siblings: Set<Connection>;
  private readonly aside: pg.Pool;
  private readonly prompt = new Ambient<typeof promptly>();

  constructor(options: pg.PoolConfig) {
    const siblings = new Set<Connection>();
    // The driver's types know only the clients that take no settings, which are none.
    const config = { ...options, Client: Connection as unknown as pg.PoolConfig['Client'], siblings };
    super(config);
    this.siblings = siblings;
    this.aside = new pg.Pool({ ...config, ...promptly });
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

  override connect(): Promise<pg.PoolClient>;
  override connect(given: Given): void;
  override connect(given?: Given): Promise<pg.PoolClient> | void {
    const isPrompt = this.prompt.found !== undefined;
    if (!given) return isPrompt ? this.aside.connect() : super.connect();
    const told: Given = (error, client, release) => given(marked(error), client, release);
    return isPrompt ? this.aside.connect(told) : super.connect(told);
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
