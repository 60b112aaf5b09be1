import type { DataSource, DataSourceOptions } from 'typeorm';
import { AmbientDataSource } from './ambient-data-source.js';
import { connectionPoolOf } from './connection-pool.js';
import { assertDatabaseSettings } from './session-settings.js';
import { PendingMigrationsError } from '../persistence.errors.js';
import { pendingMigrations, runMigrations } from '../migrations/run-migrations.js';

/**
 * Opens a DataSource and migrates the schema, or checks that it is up to date.
 *
 * @throws IsolationLevelError when transactions are not READ COMMITTED by default
 * @throws DatabaseSettingError when another setting of the database does not suit Postern
 * @throws PendingMigrationsError when the schema is older than the code and `migrationsRun` is off
 */
export async function openDataSource(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('openDataSource() needs the options of a DataSource.');
  // TypeORM itself would run the migrations without a lock.
  const dataSource = await new AmbientDataSource({ ...options, migrationsRun: false }).initialize();
  try {
    // Concurrently, so that the pool opens both of its minimum connections at the start.
    await Promise.all([assertDatabaseSettings(dataSource), assertReadable(dataSource)]);
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

/** Fails if the role may not read the table of the migrations: TypeORM would treat all migrations as pending. */
async function assertReadable(dataSource: DataSource): Promise<void> {
  const record = dataSource.options.migrationsTableName;
  const [row] = await dataSource.query<{ place: string | null }[]>('SELECT to_regclass($1) AS place', [record]);
  if (row?.place) await dataSource.query(`SELECT FROM ${row.place} LIMIT 0`);
}
