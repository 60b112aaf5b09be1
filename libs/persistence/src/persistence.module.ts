import { Module } from '@nestjs/common';
import { ConfigurablePersistenceModule } from './persistence.module-definition.js';

/**
 * The connection to PostgreSQL, its schema, one transaction across all libs, and events after commit. Imported once, by
 * the application; every lib that owns a table needs it.
 *
 * @example
 * PersistenceModule.forRoot({ databaseUrl: 'postgres://postern@localhost/postern' })
 */
@Module({})
export class PersistenceModule extends ConfigurablePersistenceModule {}
