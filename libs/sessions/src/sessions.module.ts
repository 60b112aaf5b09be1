import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { UserSessions } from 'postern/users';
import { DataSource } from 'typeorm';
import { ClaimsProvider, EntityClaims } from './login/claims-provider.js';
import { FeedBroadcast } from './feed-broadcast.js';
import { FollowerAccess } from './follower-access.js';
import { FollowerSlots } from './follower-slots.js';
import { Housekeeping } from './session-cleanup.js';
import { LoginPolicies, NotDisabledPolicy, type LoginPolicy } from './login/login-policy.js';
import { PostgresSignal } from './postgres-signal.js';
import { RedisSignal } from './redis-signal.js';
import { RefreshGate } from './use-cases/refresh-checks.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedController } from './revocation-feed.controller.js';
import { RevocationFeedHistory } from './revocation-feed-history.js';
import { RevocationFeedPoll } from './revocation-feed-poll.js';
import { RevocationFeedStreams } from './revocation-feed-streams.js';
import { RevocationJournal } from './revocation-journal.js';
import { RevocationLog } from './revocation-log.js';
import { RevocationProgress } from './revocation-progress.js';
import { RevocationSignal } from './revocation-signal.js';
import { RevocationSnapshot } from './revocation-snapshot.js';
import { SecurityEventSigner } from './security-event-signer.js';
import { SessionEnder } from './use-cases/end-sessions.js';
import { SessionIssuer } from './use-cases/session-tokens.js';
import { SessionLimit } from './use-cases/limit-sessions.js';
import { SessionRefresher } from './use-cases/refresh-session.js';
import { SessionStarter } from './use-cases/start-session.js';
import { SessionTerms } from './session-expiry.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import {
  ConfigurableSessionsModule,
  SESSIONS_SETTINGS,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
  type SessionsSettings,
  type SessionsStructure,
} from './sessions.module-definition.js';
import { SessionsService } from './sessions.service.js';
import { StoredUserSessions } from './database-user-sessions.js';
import { TokenLifetimes } from './token-lifetimes.js';

/**
 * Sessions, their refresh tokens, and revocations among replicas. Imported once, by the application, beside
 * `PersistenceModule`, `AuthModule`, `TokensModule` and `UsersModule`.
 *
 * @example
 * SessionsModule.forRoot({ graceSeconds: 5, policies: [OfficeHoursPolicy] })
 */
@Module({ providers: [missingSettings('SessionsModule', SESSIONS_SETTINGS)] })
export class SessionsModule extends ConfigurableSessionsModule {
  /** Switches sessions on with settings that are known now. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return furnished(super.forRoot(options), options);
  }

  /** Switches sessions on with settings that a factory gives. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return furnished(super.forRootAsync(options), options);
  }
}

function furnished(module: DynamicModule, structure: SessionsStructure): DynamicModule {
  const controller = structure.controller ?? SessionsController;
  const feed = structure.feed ?? RevocationFeedController;
  const ports: Provider[] = [
    { provide: ClaimsProvider, useClass: structure.claims ?? EntityClaims },
    ...policiesOf(structure),
    signalOf(structure),
  ];
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? []), TypeOrmModule.forFeature([Session])],
    controllers: [
      ...(module.controllers ?? []),
      ...[controller, feed].filter((one) => one !== false).map((one) => withInheritedRoutes(one)),
    ],
    providers: [
      ...(module.providers ?? []),
      ...ports,
      SessionTerms,
      SessionIssuer,
      SessionStarter,
      SessionRefresher,
      RefreshGate,
      SessionEnder,
      SessionLimit,
      SessionsService,
      TokenLifetimes,
      RevocationJournal,
      RevocationLog,
      RevocationProgress,
      RevocationFeedHistory,
      SecurityEventSigner,
      RevocationFeed,
      RevocationSnapshot,
      FeedBroadcast,
      FollowerAccess,
      FollowerSlots,
      RevocationFeedPoll,
      RevocationFeedStreams,
      { provide: UserSessions, useClass: StoredUserSessions },
      Housekeeping,
    ],
    // RevocationLog and StoredRevocations are made by the modules that they are passed to, out of these.
    exports: [
      ...(module.exports ?? []),
      SessionsService,
      UserSessions,
      ClaimsProvider,
      LoginPolicies,
      SessionTerms,
      RevocationJournal,
      RevocationLog,
      RevocationProgress,
      RevocationFeed,
      RevocationFeedPoll,
      RevocationFeedStreams,
      FollowerAccess,
      FollowerSlots,
      RevocationSignal,
    ],
  };
}

function policiesOf({ policies = [] }: SessionsStructure): Provider[] {
  const classes = [NotDisabledPolicy, ...policies];
  return [
    ...classes,
    {
      provide: LoginPolicies,
      inject: classes,
      useFactory: (...asked: LoginPolicy[]) => new LoginPolicies(asked),
    },
  ];
}

function signalOf({ signal }: SessionsStructure): Provider {
  if (signal) return { provide: RevocationSignal, useClass: signal };
  return {
    provide: RevocationSignal,
    inject: [SESSIONS_SETTINGS, DataSource],
    useFactory: ({ redisUrl }: SessionsSettings, dataSource: DataSource) =>
      redisUrl ? new RedisSignal(redisUrl) : new PostgresSignal(dataSource),
  };
}
