import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { UserSessions } from 'postern/users';
import { ClaimsProvider, EntityClaims } from './login/claims-provider.js';
import { Housekeeping } from './session-cleanup.js';
import { LoginPolicies, NotDisabledPolicy, type LoginPolicy } from './login/login-policy.js';
import { RefreshGate } from './use-cases/refresh-checks.js';
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
  type SessionsStructure,
} from './sessions.module-definition.js';
import { SessionsService } from './sessions.service.js';
import { StoredUserSessions } from './database-user-sessions.js';

/**
 * Sessions and their refresh tokens. Imported once, by the application, beside `PersistenceModule`, `AuthModule`,
 * `TokensModule`, `UsersModule` and `RevocationsModule`.
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
  const ports: Provider[] = [
    { provide: ClaimsProvider, useClass: structure.claims ?? EntityClaims },
    ...policiesOf(structure),
  ];
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? []), TypeOrmModule.forFeature([Session])],
    controllers: [...(module.controllers ?? []), ...(controller === false ? [] : [withInheritedRoutes(controller)])],
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
      { provide: UserSessions, useClass: StoredUserSessions },
      Housekeeping,
    ],
    exports: [...(module.exports ?? []), SessionsService, UserSessions, ClaimsProvider, LoginPolicies, SessionTerms],
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
