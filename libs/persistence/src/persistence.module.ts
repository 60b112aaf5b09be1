import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { missingSettings } from 'postern/problem';
import { DataSource } from 'typeorm';
import { connectionPoolOf } from './connections/connection-pool.js';
import { ConfigurablePersistenceModule, PERSISTENCE_SETTINGS } from './persistence.module-definition.js';

/** The time that running requests have for their queries after shutdown begins. */
const GRACE_MILLISECONDS = 5000;

/**
 * The connection to PostgreSQL, its schema, one transaction across all libs, and events after commit. The application
 * imports it once. Every lib with a table needs it.
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

  /** The HTTP server closes after this and waits for all requests, also for those that wait for a dead database. */
  beforeApplicationShutdown(): void {
    connectionPoolOf(this.dataSource)?.endAfter(GRACE_MILLISECONDS);
  }
}
