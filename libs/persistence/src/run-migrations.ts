import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { dataSourceOptionsOf } from './data-source-options.js';
import { migrations, type MigrationClass } from './migrations/index.js';

/** Any constant will do, as long as all replicas share it: "postern" in ASCII. */
const lockKey = '31648367529489006';

const logger = new Logger('Migrations');

/**
 * Brings the schema to the state of the code. Any number of processes may call it at once, also on an empty database:
 * one migrates, the others wait. Each migration is one transaction, so that a failed one leaves nothing behind.
 *
 * @returns the names of the migrations that this call has run
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  // A connection of its own, without time-outs: building an index may take longer than any request may.
  const dedicated = await new DataSource(dedicatedOptionsOf(dataSource.options)).initialize();
  const queryRunner = dedicated.createQueryRunner();
  try {
    await lock(queryRunner);
    const executor = new MigrationExecutor(dedicated, queryRunner);
    executor.transaction = 'each';
    const done = await executor.executePendingMigrations();
    return done.map(({ name }) => name);
  } finally {
    // Closing the connection gives the lock back.
    await queryRunner.release();
    await dedicated.destroy();
  }
}

/** Names the migrations of the code that the database has not seen, in their order. Changes nothing. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  return pending.map(({ name }) => name);
}

/**
 * Runs all migrations on a database without starting an application: what an operator calls who has set
 * `migrate: false`.
 *
 * @param databaseUrl the same that `PersistenceModule` gets
 * @param further the application's own migrations
 * @returns the names of the migrations that this call has run
 */
export async function migrateDatabase(databaseUrl: string, further: MigrationClass[] = []): Promise<string[]> {
  const options = dataSourceOptionsOf({ databaseUrl }, [...migrations, ...further]) as DataSourceOptions;
  return runMigrations(new DataSource({ ...options, migrationsRun: false }));
}

async function lock(queryRunner: QueryRunner): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    // Asking again and again rather than pg_advisory_lock(): a blocked statement holds a snapshot, for which a
    // CREATE INDEX CONCURRENTLY of the one who holds the lock would wait for ever.
    const [{ locked }] = await queryRunner.query(`SELECT pg_try_advisory_lock(${lockKey}) AS locked`);
    if (locked) return;
    if (attempt === 0) logger.log('Another process is migrating the database; waiting for it');
    await pause(100);
  }
}

function dedicatedOptionsOf(options: DataSourceOptions): DataSourceOptions {
  const extra = {
    ...(options.extra as object),
    statement_timeout: 0,
    lock_timeout: 0,
    idle_in_transaction_session_timeout: 0,
    query_timeout: 0,
  };
  return { ...options, entities: [], poolSize: 1, migrationsRun: false, extra } as DataSourceOptions;
}
