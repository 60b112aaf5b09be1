import { DataSource } from 'typeorm';
import type { QueryRunner, ReplicationMode } from 'typeorm';
import { connectionPoolOf } from './connection-pool.js';
import { databaseClosed } from './transient-errors.js';

/**
 * A DataSource whose repositories, query builders and statements join the current transaction of `Database`.
 *
 * After shutdown it fails with a transient error. Shutdown does not wait for requests of disconnected clients, so such
 * a request may run a query after the pool is closed.
 */
export class AmbientDataSource extends DataSource {
  private joined: () => QueryRunner | undefined = () => undefined;

  /** Registers the function that returns the query runner of the current transaction, or undefined if there is none. */
  joinBy(joined: () => QueryRunner | undefined): void {
    this.joined = joined;
  }

  /** TypeORM calls this for each operation without a query runner. */
  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    const pool = connectionPoolOf(this);
    if (!pool) throw databaseClosed();
    // Reserved connections read what is committed.
    return (pool.isReserving ? undefined : this.joined()) ?? super.createQueryRunner(mode);
  }
}
