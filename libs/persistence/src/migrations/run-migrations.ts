import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor } from 'typeorm';
import type { DataSourceOptions, QueryRunner } from 'typeorm';
import { dataSourceOptionsOf } from '../connections/data-source-options.js';
import { migrations } from './index.js';
import type { MigrationClass } from './index.js';

/** Any constant will do, as long as all replicas share it: "postern" in ASCII. */
const LOCK_KEY = '31648367529489006';

const PAUSE_MILLISECONDS = 100;
/** Five seconds: a migration seldom takes longer, and who waits for more should know for whom. */
const PATIENT_ATTEMPTS = 50;

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
  let isOurTurn = false;
  try {
    const executor = new MigrationExecutor(dedicated, queryRunner);
    executor.transaction = 'each';
    isOurTurn = await takeTurn(executor, queryRunner);
    const done = isOurTurn ? await executor.executePendingMigrations() : [];
    return done.map(({ name }) => name);
  } finally {
    if (isOurTurn) await unlock(queryRunner);
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

/** Waits for the lock as long as anything is pending, and says whether it was given. */
async function takeTurn(executor: MigrationExecutor, queryRunner: QueryRunner): Promise<boolean> {
  for (let attempt = 0; ; attempt += 1) {
    if ((await executor.getPendingMigrations()).length === 0) return false;
    // Asking again and again rather than pg_advisory_lock(): a blocked statement holds a snapshot, for which a
    // CREATE INDEX CONCURRENTLY of the one who holds the lock would wait for ever.
    const [{ locked }] = await queryRunner.query(`SELECT pg_try_advisory_lock(${LOCK_KEY}) AS locked`);
    if (locked) return true;
    if (attempt === 0) logger.log('Another process is migrating the database; waiting for it');
    if (attempt === PATIENT_ATTEMPTS) await tellForWhom(queryRunner);
    await delay(PAUSE_MILLISECONDS);
  }
}

/** An error, for there is a log that takes nothing else: that of a command, which would seem to hang. */
async function tellForWhom(queryRunner: QueryRunner): Promise<void> {
  const [holder]: { pid: number }[] = await queryRunner.query(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = ${LOCK_KEY}`,
  );
  if (holder === undefined) return;
  logger.error(
    `Still waiting for the lock of the migrations, which the connection of pid ${holder.pid} at PostgreSQL holds. Where nobody is ` +
      `migrating, a pooler has kept it: SELECT pg_terminate_backend(${holder.pid}) frees it.`,
  );
}

async function unlock(queryRunner: QueryRunner): Promise<void> {
  // Where the connection is lost, the lock is.
  const [answer] = await queryRunner.query(`SELECT pg_advisory_unlock(${LOCK_KEY}) AS unlocked`).catch(() => []);
  if (answer?.unlocked === false) {
    logger.error(
      'The lock of the migrations has stayed behind on another connection of a pooler, and may keep others waiting: give ' +
        'those who migrate a direct connection to PostgreSQL, and set `migrate: false` for whoever has none.',
    );
  }
}

function dedicatedOptionsOf(options: DataSourceOptions): DataSourceOptions {
  const extra = {
    ...(options.extra as object),
    // As texts: the driver sends no number that is 0, and then what was set for the role or the database holds.
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    query_timeout: 0,
  };
  return { ...options, entities: [], poolSize: 1, migrationsRun: false, extra } as DataSourceOptions;
}
