export { v7 as uuidv7 } from 'uuid';
export { Database } from './transactions/database.js';
export { DatabaseHealth } from './connections/database-health.js';
export type { NotificationHandler, NotificationListener } from './connections/notification-listener.js';
export { DomainEvent } from './domain-event.js';
export { Events, type EventClass } from './events.js';
export { migrations, type MigrationClass } from './migrations/index.js';
export {
  DatabaseSettingError,
  IsolationLevelError,
  PendingMigrationsError,
  TransactionDoomedError,
  type PersistenceErrorCode,
} from './persistence.errors.js';
export { OutageLog } from './outage-log.js';
export type { Remedy } from './outage-log.js';
export { ON_PRIMARY } from './connections/on-primary.js';
export { PeriodicCleanup } from './periodic-cleanup.js';
export type { PersistenceSettings, PersistenceStructure } from './persistence.settings.js';
export { PersistenceModule } from './persistence.module.js';
export { migrateDatabase, pendingMigrations, runMigrations } from './migrations/run-migrations.js';
export { redisGroupOf, redisUrlProblem, type RedisGroup } from './redis/redis-url.js';
