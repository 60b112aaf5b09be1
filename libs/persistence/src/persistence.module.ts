import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { missingSettings } from 'postern/problem';
import { DataSource } from 'typeorm';
import { connectionPoolOf } from './connections/connection-pool.js';
import { ConfigurablePersistenceModule, PERSISTENCE_SETTINGS } from './persistence.module-definition.js';

/** A request that runs at the stop has so long to get its answers. */
const GRACE_MILLISECONDS = 5000;

/**
 * The connection to PostgreSQL, its schema, one transaction across all libs, and events after commit. Imported once, by
 * the application; every lib that owns a table needs it.
 *
 * @example
 * ```ts
 * PersistenceModule.forRoot({ databaseUrl: 'postgres://postern@localhost/postern' })
 * ```
 */
@Module({ providers: [missingSettings('PersistenceModule', PERSISTENCE_SETTINGS)] })
export class PersistenceModule extends ConfigurablePersistenceModule implements BeforeApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  /**
   * The HTTP server is closed after this, and waits for all requests: for those, too, that a dead database keeps
   * waiting.
   */
  beforeApplicationShutdown(): void {
    connectionPoolOf(this.dataSource)?.endAfter(GRACE_MILLISECONDS);
  }
}
