import pg from 'pg';
import type { DataSource } from 'typeorm';
import { TransactionContext } from '../transactions/transaction-context.js';
import { Connection } from './connection.js';
import type { ConnectionConfig } from './connection.js';
import { LimitedPool } from './limited-pool.js';
import type { PoolCallback } from './limited-pool.js';
import { explainRejectedParameter } from './rejected-parameter.js';
import { markTransient } from './transient-errors.js';

/** Connections for urgent reads, which must not wait behind requests in the pool. */
const RESERVED_POOL = { max: 2, query_timeout: 3000, connectionTimeoutMillis: 5000 };

/** Connections outside the pool: the reserved ones, and two that listen for changes of keys and revocations. */
export const CONNECTIONS_BESIDE_POOL = RESERVED_POOL.max + 2;

/** The pool of a data source; undefined if the data source is closed or was opened without `PersistenceModule`. */
export function connectionPoolOf(dataSource: DataSource): ConnectionPool | undefined {
  const { master } = dataSource.driver as unknown as { readonly master?: unknown };
  return master instanceof ConnectionPool ? master : undefined;
}

/** The pool of connections, with a small reserved pool beside it. */
export class ConnectionPool extends LimitedPool {
  private readonly peers: Set<Connection>;
  private readonly reservedPool: LimitedPool;
  private readonly reserved = new TransactionContext<typeof RESERVED_POOL>();

  constructor(options: pg.PoolConfig) {
    const peers = new Set<Connection>();
    // The driver's types only allow clients without settings.
    const config = { ...options, Client: Connection as unknown as pg.PoolConfig['Client'], peers };
    super(config, 'requests');
    this.peers = peers;
    this.reservedPool = new LimitedPool({ ...config, ...RESERVED_POOL }, 'reads of keys and revocations');
    this.reservedPool.on('error', (error, client) => this.emit('error', error, client));
  }

  /** A connection beside the pool with its options. A connection of the pool would never return to it. */
  newConnection(): Connection {
    return new Connection(this.options as unknown as ConnectionConfig);
  }

  /** @see Database.withReservedConnection */
  async withReservedConnection<T>(work: () => Promise<T>): Promise<T> {
    this.reserved.activate();
    try {
      return await this.reserved.inside(RESERVED_POOL, work);
    } finally {
      this.reserved.deactivate();
    }
  }

  /** Whether the current work uses the reserved connections. */
  get isReserving(): boolean {
    return this.reserved.current !== undefined;
  }

  /** Opens the reserved connections before requests use up the connections that the server allows. */
  async openReserved(): Promise<void> {
    await Promise.all(Array.from({ length: RESERVED_POOL.max }, () => this.reservedPool.query('SELECT 1')));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: PoolCallback): void;
  override connect(callback?: PoolCallback): Promise<pg.PoolClient> | void {
    const isReserved = this.isReserving;
    if (!callback) return isReserved ? this.reservedPool.connect() : super.connect();
    const settle: PoolCallback = (error, client, release) =>
      callback(markTransient(explainRejectedParameter(error)), client, release);
    return isReserved ? this.reservedPool.connect(settle) : super.connect(settle);
  }

  /** Milliseconds since the database last answered on any connection; infinite if it has never answered. */
  get silentMilliseconds(): number {
    return Math.min(...[...this.peers].map((connection) => connection.silentMilliseconds));
  }

  override end(): Promise<void>;
  override end(ended: () => void): void;
  override end(ended?: () => void): Promise<void> | void {
    void this.reservedPool.end();
    const all = super.end();
    return ended ? void all.then(ended, ended) : all;
  }

  /** Closes all open connections after the time, so that shutdown does not wait for a database that never answers. */
  endAfter(milliseconds: number): void {
    setTimeout(() => this.peers.forEach((connection) => void connection.end()), milliseconds).unref();
  }
}
