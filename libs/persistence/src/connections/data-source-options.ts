import { Logger } from '@nestjs/common';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import pg from 'pg';
import { ConnectionPool, CONNECTIONS_BESIDE_POOL } from './connection-pool.js';
import { connectionOf, databaseUrlProblem } from './database-url.js';
import type { MigrationClass } from '../migrations/index.js';
import { isTransient } from './transient-errors.js';
import type { PersistenceSettings } from '../persistence.settings.js';

/** The table of the executed migrations. */
const MIGRATIONS_TABLE_NAME = 'postern_migrations';

const SECONDS = 1000;
const logger = new Logger('Persistence');

/**
 * The TypeORM options of the settings, with a timeout for every wait.
 *
 * @throws Error that says what to configure as `databaseUrl`
 */
export function dataSourceOptionsOf(
  settings: Readonly<Required<PersistenceSettings>>,
  migrations: MigrationClass[],
): TypeOrmModuleOptions {
  const problem = databaseUrlProblem(settings.databaseUrl);
  if (problem !== undefined) throw new Error(`\`databaseUrl\` ${problem}`);
  const { connectionString, schema } = connectionOf(settings.databaseUrl);
  return {
    type: 'postgres',
    driver: { ...pg, Pool: ConnectionPool },
    // TypeORM would run CREATE EXTENSION at each start, for which the role may have no privilege.
    installExtensions: false,
    synchronize: false,
    autoLoadEntities: true,
    migrations,
    migrationsRun: settings.migrate,
    migrationsTableName: MIGRATIONS_TABLE_NAME,
    migrationsTransactionMode: 'each',
    poolSize: settings.poolSize - CONNECTIONS_BESIDE_POOL,
    applicationName: settings.applicationName,
    // Without a listener, the loss of an idle connection would end the process.
    poolErrorHandler: (error: Error) => logger.warn(`A database connection failed: ${error.message}`),
    connectTimeoutMS: 10 * SECONDS,
    extra: {
      // Not as `url`, because TypeORM's parser does not support Unix sockets.
      connectionString,
      // For the check at the start. The driver ignores it.
      schema,
      keepAlive: true,
      // The system default would detect a dead listening connection only after two hours.
      keepAliveInitialDelayMillis: 10 * SECONDS,
      statement_timeout: 30 * SECONDS,
      lock_timeout: 10 * SECONDS,
      idle_in_transaction_session_timeout: 60 * SECONDS,
      // The timeouts of the server have no effect if the server itself does not answer.
      query_timeout: 35 * SECONDS,
    },
    retryAttempts: 10,
    retryDelay: 2 * SECONDS,
    toRetry: isTransient,
  };
}
