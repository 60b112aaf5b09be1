import type { ModuleMetadata } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import { CONNECTIONS_BESIDE_POOL } from './connections/connection-pool.js';
import type { MigrationClass } from './migrations/index.js';

/** Settings of `PersistenceModule`. */
export interface PersistenceSettings {
  /** `postgres://user:password@host:5432/database`, or `postgres://user@/database?host=/folder/of/the/socket`. */
  databaseUrl: string;
  /** Whether migrations run at start (default `true`). With `false`, a start on an older schema fails. */
  migrate?: boolean | undefined;
  /**
   * The maximum of all connections of this process (default 14, at least 6): 2 are reserved for reads of keys and
   * revocations, 2 listen for changes, and requests share the others.
   */
  poolSize?: number | undefined;
  /** The name in `pg_stat_activity` (default `postern`). */
  applicationName?: string | undefined;
}

/** Structure of `PersistenceModule`. Read synchronously, also by `forRootAsync`. */
export interface PersistenceStructure {
  /** The application's migrations, recorded in the same table and sorted by the timestamp in their names. */
  migrations?: MigrationClass[] | undefined;
  /** Modules whose providers the factory of the settings injects. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Two connections for requests, one of them for `Database.independently()`. */
const MIN_POOL_SIZE = CONNECTIONS_BESIDE_POOL + 2;

export const SETTINGS = settings<PersistenceSettings, PersistenceStructure>()(
  'PersistenceModule',
  {
    databaseUrl: setting.custom<string>((value) =>
      typeof value === 'string' && /^(postgres|postgresql|socket):/.test(value)
        ? undefined
        : 'must be the address of a PostgreSQL: write "postgres://user:password@host:5432/database".',
    ),
    migrate: setting.flag(true),
    poolSize: setting.wholeNumber(14, { min: MIN_POOL_SIZE }),
    applicationName: setting.text('postern'),
  },
  { migrations: true, imports: true },
);
