import { DataSource, type DataSourceOptions } from 'typeorm';
import { runMigrations, pendingMigrations } from './run-migrations.js';
import { PendingMigrationsError } from './persistence.errors.js';

/**
 * Opens a DataSource whose schema is the one that the code expects: nobody gets hold of it before.
 *
 * @throws PendingMigrationsError when the schema is older than the code and `migrationsRun` is off
 */
export async function openDataSource(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('openDataSource() needs the options of a DataSource.');
  // Left to itself, TypeORM would run the migrations without a lock.
  const dataSource = await new DataSource({ ...options, migrationsRun: false }).initialize();
  try {
    if (options.migrationsRun) {
      await runMigrations(dataSource);
    } else {
      const pending = await pendingMigrations(dataSource);
      if (pending.length > 0) throw new PendingMigrationsError(pending);
    }
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}
