import { Logger } from '@nestjs/common';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import pg from 'pg';
import { ConnectionPool, CONNECTIONS_BESIDE_POOL } from './connection-pool.js';
import { databaseUrlProblem } from './database-url.js';
import type { MigrationClass } from '../migrations/index.js';
import { isTransient } from './transient-errors.js';
import type { PersistenceSettings } from '../persistence.settings.js';

/** Connections that a process opens at most by default, all of them counted. */
export const DEFAULT_POOL_SIZE = 14;

/**
 * The fewest connections that a process can work with: two for requests, of which one is kept for
 * `Database.independently()`.
 */
export const MIN_POOL_SIZE = CONNECTIONS_BESIDE_POOL + 2;

/** The table in which the executed migrations are recorded. */
const MIGRATIONS_TABLE_NAME = 'postern_migrations';

const SECONDS = 1000;
const logger = new Logger('Persistence');

/**
 * Turns settings into what TypeORM takes, with time-outs on everything that could otherwise wait for ever.
 *
 * @throws Error with a sentence that says what to write as `databaseUrl`
 */
export function dataSourceOptionsOf(settings: PersistenceSettings, migrations: MigrationClass[]): TypeOrmModuleOptions {
  const problem = databaseUrlProblem(settings.databaseUrl);
  if (problem !== undefined) throw new Error(`\`databaseUrl\` ${problem}`);
  return {
    type: 'postgres',
    driver: { ...pg, Pool: ConnectionPool },
    // TypeORM would run CREATE EXTENSION at each start, which a careful operator does not permit.
    installExtensions: false,
    synchronize: false,
    autoLoadEntities: true,
    migrations,
    migrationsRun: settings.migrate ?? true,
    migrationsTableName: MIGRATIONS_TABLE_NAME,
    migrationsTransactionMode: 'each',
    poolSize: (settings.poolSize ?? DEFAULT_POOL_SIZE) - CONNECTIONS_BESIDE_POOL,
    applicationName: settings.applicationName ?? 'postern',
    // An idle connection that breaks is an event of the pool, and without a listener the end of the process.
    poolErrorHandler: (error: Error) => logger.warn(`A connection to the database was lost: ${error.message}`),
    connectTimeoutMS: 10 * SECONDS,
    extra: {
      // Not as `url`: TypeORM's own parser does not know Unix sockets, while pg's does.
      connectionString: settings.databaseUrl,
      keepAlive: true,
      // Left to the system, it would be two hours until a connection that only listens is found dead.
      keepAliveInitialDelayMillis: 10 * SECONDS,
      statement_timeout: 30 * SECONDS,
      lock_timeout: 10 * SECONDS,
      idle_in_transaction_session_timeout: 60 * SECONDS,
      // The server's time-outs do not help when the server itself has stopped answering.
      query_timeout: 35 * SECONDS,
    },
    retryAttempts: 10,
    retryDelay: 2 * SECONDS,
    toRetry: isTransient,
  };
}
