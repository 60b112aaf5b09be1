import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { withInheritedRoutes } from 'postern/auth';
import { Database } from 'postern/persistence';
import { missingSettings } from 'postern/problem';
import { RevocationFeedController } from './feed/revocation-feed.controller.js';
import { ConfigurableRevocationsModule, REVOCATIONS_SETTINGS } from './revocations.module-definition.js';
import type {
  ASYNC_OPTIONS_TYPE,
  OPTIONS_TYPE,
  RevocationsSettings,
  RevocationsStructure,
} from './revocations.module-definition.js';
import { CheckedRevocationsSettings } from './checked-revocations-settings.js';
import { PostgresSignal } from './signals/postgres-signal.js';
import { RedisSignal } from './signals/redis-signal.js';
import { RevocationSignal } from './signals/revocation-signal.js';
import { IssuedLifetimes } from './storage/issued-lifetimes.js';
import { RevocationTable } from './storage/revocation-table.js';
import { DatabaseRevocationPublisher } from './storage/database-revocation-publisher.js';
import { SecurityEventSigner } from './feed/security-event-signer.js';
import { RevocationFeed } from './feed/revocation-feed.js';
import { RevocationSnapshot } from './feed/revocation-snapshot.js';
import { FeedBroadcast } from './feed/feed-broadcast.js';
import { FollowerAccess } from './feed/follower-access.js';
import { FollowerSlots } from './feed/follower-slots.js';
import { RevocationFeedPoll } from './feed/revocation-feed-poll.js';
import { RevocationFeedStreams } from './feed/revocation-feed-streams.js';
import { RevocationCleanup } from './storage/revocation-cleanup.js';

/**
 * Stores revocations and sends them to replicas and to other services. The application imports it once, beside
 * `PersistenceModule`, `AuthModule` and `TokensModule`.
 *
 * @example
 * ```ts
 * RevocationsModule.forRoot({ pollSeconds: 1 })
 * ```
 */
@Module({ providers: [missingSettings('RevocationsModule', REVOCATIONS_SETTINGS)] })
export class RevocationsModule extends ConfigurableRevocationsModule {
  /** Switches revocations on with the given settings. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Switches revocations on with settings that a factory returns. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: RevocationsStructure): DynamicModule {
  const controller = structure.controller ?? RevocationFeedController;
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? [])],
    controllers: [...(module.controllers ?? []), ...(controller === false ? [] : [withInheritedRoutes(controller)])],
    providers: [
      ...(module.providers ?? []),
      signalOf(structure),
      CheckedRevocationsSettings,
      IssuedLifetimes,
      RevocationTable,
      DatabaseRevocationPublisher,
      SecurityEventSigner,
      RevocationFeed,
      RevocationSnapshot,
      FeedBroadcast,
      FollowerAccess,
      FollowerSlots,
      RevocationFeedPoll,
      RevocationFeedStreams,
      RevocationCleanup,
    ],
    // AuthModule injects these into the publisher and the source.
    exports: [
      ...(module.exports ?? []),
      RevocationTable,
      DatabaseRevocationPublisher,
      RevocationFeed,
      RevocationFeedPoll,
      RevocationFeedStreams,
      FollowerAccess,
      FollowerSlots,
      RevocationSignal,
      CheckedRevocationsSettings,
    ],
  };
}

function signalOf({ signal }: RevocationsStructure): Provider {
  if (signal) return { provide: RevocationSignal, useClass: signal };
  return {
    provide: RevocationSignal,
    inject: [REVOCATIONS_SETTINGS, Database],
    useFactory: ({ redisUrl }: RevocationsSettings, database: Database) =>
      redisUrl ? new RedisSignal(redisUrl) : new PostgresSignal(database),
  };
}
