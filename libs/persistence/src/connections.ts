import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { Connection } from './connection.js';
import { marked } from './passing-failure.js';

type Given = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: unknown) => void) => void;

/** For work that has to be prompt: beside the pool, for there it would wait behind everybody else. */
const promptly = { max: 2, query_timeout: 3000, connectionTimeoutMillis: 5000 };

const prompt = new AsyncLocalStorage<true>();

/** Does the work with connections of {@link Connections} that are kept for it and given up after three seconds of silence. */
export function doPromptly<T>(work: () => Promise<T>): Promise<T> {
  return prompt.run(true, work);
}

/** The pool of connections, and a few beside it. */
export class Connections extends pg.Pool {
  private readonly siblings: Set<Connection>;
  private readonly aside: pg.Pool;

  constructor(options: pg.PoolConfig) {
    const siblings = new Set<Connection>();
    // The driver's types know only the clients that take no settings, which are none.
    const config = { ...options, Client: Connection as unknown as pg.PoolConfig['Client'], siblings };
    super(config);
    this.siblings = siblings;
    this.aside = new pg.Pool({ ...config, ...promptly });
    this.aside.on('error', (error, client) => this.emit('error', error, client));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(given: Given): void;
  override connect(given?: Given): Promise<pg.PoolClient> | void {
    const isPrompt = prompt.getStore() === true;
    if (!given) return isPrompt ? this.aside.connect() : super.connect();
    const told: Given = (error, client, release) => given(marked(error), client, release);
    return isPrompt ? this.aside.connect(told) : super.connect(told);
  }

  override end(): Promise<void>;
  override end(ended: () => void): void;
  override end(ended?: () => void): Promise<void> | void {
    void this.aside.end();
    return ended ? super.end(ended) : super.end();
  }

  /** Closes what is still open after the time, so that a stop does not wait for answers that never come. */
  cutAfter(milliseconds: number): void {
    setTimeout(() => this.siblings.forEach((connection) => connection.cut()), milliseconds).unref();
  }
}
