import { Logger } from '@nestjs/common';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { MigrationClass } from './migrations/index.js';
import type { PersistenceSettings } from './persistence.module-definition.js';

/** Connections a process holds at most, where the settings do not say. */
export const defaultPoolSize = 10;

/** The table in which the executed migrations are recorded. */
const migrationsTableName = 'postern_migrations';

const seconds = 1000;
const logger = new Logger('Persistence');

/** Turns settings into what TypeORM takes, with time-outs on everything that could otherwise wait for ever. */
export function dataSourceOptionsOf(settings: PersistenceSettings, migrations: MigrationClass[]): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    // TypeORM would run CREATE EXTENSION at each start, which a careful operator does not permit.
    installExtensions: false,
    synchronize: false,
    autoLoadEntities: true,
    migrations,
    migrationsRun: settings.migrate ?? true,
    migrationsTableName,
    migrationsTransactionMode: 'each',
    poolSize: settings.poolSize ?? defaultPoolSize,
    applicationName: settings.applicationName ?? 'postern',
    // An idle connection that breaks is an event of the pool, and without a listener the end of the process.
    poolErrorHandler: (error: Error) => logger.warn(`A connection to the database was lost: ${error.message}`),
    connectTimeoutMS: 10 * seconds,
    extra: {
      // Not as `url`: TypeORM's own parser does not know Unix sockets, while pg's does.
      connectionString: settings.databaseUrl,
      keepAlive: true,
      statement_timeout: 30 * seconds,
      lock_timeout: 10 * seconds,
      idle_in_transaction_session_timeout: 60 * seconds,
      // The server's time-outs do not help when the server itself has stopped answering.
      query_timeout: 35 * seconds,
    },
    retryAttempts: 10,
    retryDelay: 2 * seconds,
    toRetry: isUnreachable,
  };
}

const passing = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'ENOENT',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  // too_many_connections, cannot_connect_now, admin_shutdown
  '53300',
  '57P03',
  '57P01',
]);

/** Whether a database that refused this way may be there a moment later. A wrong password will not be right then. */
function isUnreachable(error: { code?: string; message?: string }): boolean {
  return passing.has(error.code ?? '') || /timeout|terminated/i.test(error.message ?? '');
}
