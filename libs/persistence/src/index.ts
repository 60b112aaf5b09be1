export { v7 as uuidv7 } from 'uuid';
export { Database } from './database.js';
export { DatabaseHealth } from './database-health.js';
export { DomainEvent } from './domain-event.js';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresSettings,
} from './embedded/start-embedded-postgres.js';
export { runningEmbeddedPostgres } from './embedded/running-embedded-postgres.js';
export { Events } from './events.js';
export { migrations, type MigrationClass } from './migrations/index.js';
export {
  EmbeddedPostgresError,
  IsolationLevelError,
  PendingMigrationsError,
  TransactionDoomedError,
  type PersistenceErrorCode,
} from './persistence.errors.js';
export { ON_PRIMARY } from './on-primary.js';
export type { PersistenceSettings, PersistenceStructure } from './persistence.module-definition.js';
export { PersistenceModule } from './persistence.module.js';
export { migrateDatabase, pendingMigrations, runMigrations } from './run-migrations.js';
