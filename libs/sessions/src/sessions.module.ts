import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { UserSessions } from 'postern/users';
import { SessionList } from './administration/session-list.js';
import { UserSessionsController } from './administration/user-sessions.controller.js';
import { ImpersonateUser } from './impersonation/impersonate-user.js';
import { ImpersonationRules } from './impersonation/impersonation-rules.js';
import { ImpersonationController } from './impersonation/impersonation.controller.js';
import { ClaimsProvider, EntityClaims } from './login/claims-provider.js';
import { SessionCleanup } from './session-cleanup.js';
import { AccountLoginPolicy, LoginPolicies, NotDisabledPolicy } from './login/login-policy.js';
import type { LoginPolicy } from './login/login-policy.js';
import { RefreshChecks } from './use-cases/refresh-checks.js';
import { EndSessions } from './use-cases/end-sessions.js';
import { SessionTokens } from './use-cases/session-tokens.js';
import { InsertSession } from './use-cases/insert-session.js';
import { LimitSessions } from './use-cases/limit-sessions.js';
import { RefreshSession } from './use-cases/refresh-session.js';
import { StartSession } from './use-cases/start-session.js';
import { CheckedSessionsSettings } from './checked-sessions-settings.js';
import { SessionExpiry } from './session-expiry.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { ConfigurableSessionsModule, SESSIONS_SETTINGS } from './sessions.module-definition.js';
import type { ASYNC_OPTIONS_TYPE, OPTIONS_TYPE, SessionsStructure } from './sessions.module-definition.js';
import { SessionsService } from './sessions.service.js';
import { DatabaseUserSessions } from './database-user-sessions.js';

/**
 * Sessions and their refresh tokens. The application imports it once, beside `PersistenceModule`, `AuthModule`,
 * `TokensModule`, `UsersModule` and `RevocationsModule`.
 *
 * @example
 * ```ts
 * SessionsModule.forRoot({ graceSeconds: 5, policies: [OfficeHoursPolicy] })
 * ```
 */
@Module({ providers: [missingSettings('SessionsModule', SESSIONS_SETTINGS)] })
export class SessionsModule extends ConfigurableSessionsModule {
  /** Switches sessions on with the given settings. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Switches sessions on with settings that a factory returns. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: SessionsStructure): DynamicModule {
  const { admin = UserSessionsController, impersonation = ImpersonationController } = structure.controllers ?? {};
  const controllers = [structure.controller ?? SessionsController, admin, impersonation];
  const ports: Provider[] = [
    { provide: ClaimsProvider, useClass: structure.claims ?? EntityClaims },
    ...policiesOf(structure),
  ];
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? []), TypeOrmModule.forFeature([Session])],
    controllers: [
      ...(module.controllers ?? []),
      ...controllers.flatMap((controller) => (controller === false ? [] : [withInheritedRoutes(controller)])),
    ],
    providers: [
      ...(module.providers ?? []),
      ...ports,
      CheckedSessionsSettings,
      SessionExpiry,
      SessionTokens,
      StartSession,
      InsertSession,
      RefreshSession,
      RefreshChecks,
      EndSessions,
      LimitSessions,
      SessionList,
      ImpersonationRules,
      ImpersonateUser,
      SessionsService,
      { provide: UserSessions, useClass: DatabaseUserSessions },
      SessionCleanup,
    ],
    exports: [...(module.exports ?? []), SessionsService, UserSessions, ClaimsProvider, LoginPolicies, SessionExpiry],
  };
}

function policiesOf({ policies = [] }: SessionsStructure): Provider[] {
  const classes = [NotDisabledPolicy, ...policies];
  return [
    ...classes,
    {
      provide: LoginPolicies,
      inject: [...classes, { token: AccountLoginPolicy, optional: true }],
      useFactory: (...instances: (LoginPolicy | undefined)[]) =>
        new LoginPolicies(instances.filter((policy) => policy !== undefined)),
    },
  ];
}
