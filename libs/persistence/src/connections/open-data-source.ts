import { DataSource } from 'typeorm';
import type { DataSourceOptions, QueryRunner, ReplicationMode } from 'typeorm';
import { connectionPoolOf } from './connection-pool.js';
import { databaseClosed } from './transient-errors.js';
import { IsolationLevelError, PendingMigrationsError } from '../persistence.errors.js';
import { pendingMigrations, runMigrations } from '../migrations/run-migrations.js';

/**
 * A stop waits for no request whose caller has gone: it may come here when all is closed, and TypeORM's own error
 * would make a fault of it.
 */
class ClosableDataSource extends DataSource {
  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    if (!connectionPoolOf(this)) throw databaseClosed();
    return super.createQueryRunner(mode);
  }
}

/**
 * Opens a DataSource whose schema is the one that the code expects: nobody gets hold of it before.
 *
 * @throws IsolationLevelError where transactions are not READ COMMITTED unless told
 * @throws PendingMigrationsError when the schema is older than the code and `migrationsRun` is off
 */
export async function openDataSource(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('openDataSource() needs the options of a DataSource.');
  // Left to itself, TypeORM would run the migrations without a lock.
  const dataSource = await new ClosableDataSource({ ...options, migrationsRun: false }).initialize();
  try {
    // Beside each other: the pool opens the two connections that it keeps before anything else may take them.
    await Promise.all([assertReadCommitted(dataSource), assertReadable(dataSource)]);
    if (options.migrationsRun) {
      await runMigrations(dataSource);
    } else {
      const pending = await pendingMigrations(dataSource);
      if (pending.length > 0) throw new PendingMigrationsError(pending);
    }
    await connectionPoolOf(dataSource)?.openReserved();
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/**
 * Whoever waited for a lock has to see what the other one has committed. To say so at each transaction would be a
 * round trip more, and at each connection what poolers refuse.
 */
async function assertReadCommitted(dataSource: DataSource): Promise<void> {
  const setting = `SELECT current_setting('default_transaction_isolation') AS level`;
  const [row] = await dataSource.query<{ level: string }[]>(setting);
  if (row?.level !== 'read committed') throw new IsolationLevelError(row?.level);
}

/**
 * TypeORM takes the record of the migrations for missing where the role may not read it, and all of them for pending.
 */
async function assertReadable(dataSource: DataSource): Promise<void> {
  const record = dataSource.options.migrationsTableName;
  const [row] = await dataSource.query<{ place: string | null }[]>('SELECT to_regclass($1) AS place', [record]);
  if (row?.place) await dataSource.query(`SELECT FROM ${row.place} LIMIT 0`);
}
