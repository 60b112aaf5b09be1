import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor } from 'typeorm';
import type { DataSourceOptions, QueryRunner } from 'typeorm';
import { dataSourceOptionsOf } from '../connections/data-source-options.js';
import { assertDatabaseSettings } from '../connections/session-settings.js';
import { migrations } from './index.js';
import { SETTINGS } from '../persistence.settings.js';
import type { MigrationClass } from './index.js';

/** A constant of all replicas: "postern" in ASCII. */
const LOCK_KEY = '31648367529489006';

const RETRY_MILLISECONDS = 100;
/** After five seconds, longer than most migrations take, the log names the connection that holds the lock. */
const ATTEMPTS_BEFORE_REPORT = 50;

const logger = new Logger('Migrations');

/**
 * Runs the pending migrations. Any number of processes may call it at once, also on an empty database: one migrates,
 * the others wait. Each migration is one transaction, so that a failed migration changes nothing.
 *
 * @returns the names of the migrations that this call has run
 * @throws DatabaseSettingError when a setting of the database does not suit Postern
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  // A dedicated connection without timeouts, because a migration may create an index for hours.
  const dedicated = await new DataSource(dedicatedOptionsOf(dataSource.options)).initialize();
  const queryRunner = dedicated.createQueryRunner();
  let isLocked = false;
  try {
    await assertDatabaseSettings(dedicated);
    const executor = new MigrationExecutor(dedicated, queryRunner);
    executor.transaction = 'each';
    isLocked = await lock(executor, queryRunner);
    const executed = isLocked ? await executor.executePendingMigrations() : [];
    return executed.map(({ name }) => name);
  } finally {
    if (isLocked) await unlock(queryRunner);
    await queryRunner.release();
    await dedicated.destroy();
  }
}

/** The names of the migrations that have not run on this database, in their order. Changes nothing. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  return pending.map(({ name }) => name);
}

/**
 * Runs the pending migrations without an application, for deployments with `migrate: false`.
 *
 * @param databaseUrl the same value as for `PersistenceModule`
 * @param further the application's migrations
 * @returns the names of the migrations that this call has run
 */
export async function migrateDatabase(databaseUrl: string, further: MigrationClass[] = []): Promise<string[]> {
  const options = dataSourceOptionsOf(SETTINGS.read({ databaseUrl }), [...migrations, ...further]) as DataSourceOptions;
  return runMigrations(new DataSource({ ...options, migrationsRun: false }));
}

/** Waits for the lock while migrations are pending. Returns whether it holds the lock. */
async function lock(executor: MigrationExecutor, queryRunner: QueryRunner): Promise<boolean> {
  for (let attempt = 0; ; attempt += 1) {
    if ((await executor.getPendingMigrations()).length === 0) return false;
    // Not pg_advisory_lock(): a blocked statement holds a snapshot, and a CREATE INDEX CONCURRENTLY of the lock's
    // holder would wait for that snapshot forever.
    const [{ locked }] = await queryRunner.query(`SELECT pg_try_advisory_lock(${LOCK_KEY}) AS locked`);
    if (locked) return true;
    if (attempt === 0) logger.log('Another process is migrating the database; waiting for its lock');
    if (attempt === ATTEMPTS_BEFORE_REPORT) await reportHolder(queryRunner);
    await delay(RETRY_MILLISECONDS);
  }
}

/** Logs the holder of the lock as an error, because commands show only errors and would seem to hang. */
async function reportHolder(queryRunner: QueryRunner): Promise<void> {
  const [holder]: { pid: number }[] = await queryRunner.query(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = ${LOCK_KEY}`,
  );
  if (holder === undefined) return;
  logger.error(
    `Still waiting for the lock of the migrations, which the connection of pid ${holder.pid} at PostgreSQL holds. If no process is ` +
      `migrating, a pooler has kept it: SELECT pg_terminate_backend(${holder.pid}) frees it.`,
  );
}

async function unlock(queryRunner: QueryRunner): Promise<void> {
  // PostgreSQL releases the lock if the connection is lost.
  const [answer] = await queryRunner.query(`SELECT pg_advisory_unlock(${LOCK_KEY}) AS unlocked`).catch(() => []);
  if (answer?.unlocked === false) {
    logger.error(
      'The lock of the migrations has stayed behind on another connection of a pooler and may block other processes. Run ' +
        'migrations over a direct connection to PostgreSQL, and set `migrate: false` for servers behind a pooler.',
    );
  }
}

function dedicatedOptionsOf(options: DataSourceOptions): DataSourceOptions {
  const extra = {
    ...(options.extra as object),
    // Strings, because the driver does not send the number 0, and the defaults of the role would apply.
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    query_timeout: 0,
  };
  return { ...options, entities: [], poolSize: 1, migrationsRun: false, extra } as DataSourceOptions;
}
