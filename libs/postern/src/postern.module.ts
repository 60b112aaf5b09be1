import { Inject, Module, Optional } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AccountsModule } from 'postern/accounts';
import { AuthModule, withInheritedRoutes } from 'postern/auth';
import { LimitsModule } from 'postern/limits';
import { MailModule } from 'postern/mail';
import { PasswordConfirmation, PasswordModule } from 'postern/password';
import { PersistenceModule } from 'postern/persistence';
import { missingSettings, ProblemModule } from 'postern/problem';
import { RolesModule } from 'postern/roles';
import { SessionsModule } from 'postern/sessions';
import type { SessionsSettings } from 'postern/sessions';
import { DatabaseRevocationPublisher, DatabaseRevocationSource, RevocationsModule } from 'postern/revocations';
import { KeyRingVerificationKeys, TokensModule } from 'postern/tokens';
import { UsersModule } from 'postern/users';
import { checkedPosternSettings } from './checked-postern-settings.js';
import { HealthController } from './health.controller.js';
import { HttpProtectionModule } from './http/http-protection.module.js';
import { ConfigurablePosternModule, POSTERN_SETTINGS } from './postern.module-definition.js';
import type {
  POSTERN_ASYNC_OPTIONS,
  POSTERN_OPTIONS,
  PosternSettings,
  PosternStructure,
} from './postern.module-definition.js';

/** The token of the validated settings. */
const CHECKED_SETTINGS = Symbol('PosternModule settings');
const NO_SETTINGS = missingSettings('PosternModule', CHECKED_SETTINGS);
const MODULES_WITH_ROUTES = [
  AuthModule,
  TokensModule,
  UsersModule,
  SessionsModule,
  PasswordModule,
  RolesModule,
  MailModule,
  AccountsModule,
];
const DAY_SECONDS = 86_400;
/** The default of `AuthModule`. */
const VERIFIED_BYTES = 8192;
const AUDIENCE = 'postern';

/** Exports the settings to the modules of the libs. */
@Module({})
class PosternSettingsModule extends ConfigurablePosternModule {}

/**
 * Accounts, sessions, keys and guarded routes in one import. Pass a class to replace a default.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [PosternModule.forRoot({ issuer: 'https://id.acme.com', secret, databaseUrl, user: Employee })],
 * })
 * export class AppModule {}
 * ```
 */
@Module({ providers: [NO_SETTINGS] })
export class PosternModule {
  /** @throws Error if a subclass is imported as a bare class: its own providers replace the one that stops the start */
  constructor(@Optional() @Inject(CHECKED_SETTINGS) settings?: PosternSettings) {
    if (settings === undefined) void NO_SETTINGS.useFactory();
  }

  /** Takes settings and structure in one object. */
  static forRoot(options: typeof POSTERN_OPTIONS): DynamicModule {
    return withStructure(PosternSettingsModule.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static forRootAsync(options: typeof POSTERN_ASYNC_OPTIONS): DynamicModule {
    return withStructure(PosternSettingsModule.forRootAsync(options), options);
  }
}

function withStructure(settingsModule: DynamicModule, structure: PosternStructure): DynamicModule {
  const imports = structure.imports ?? [];
  const health = structure.controllers?.health ?? HealthController;
  return {
    module: PosternModule,
    imports: [
      HttpProtectionModule.of(PosternModule, ...MODULES_WITH_ROUTES),
      { ...settingsModule, global: true, exports: [POSTERN_SETTINGS] },
      ...platform(structure, imports),
      ...identity(structure, imports),
      // Terminus would log each failed probe. The controller logs changes.
      TerminusModule.forRoot({ logger: false }),
    ],
    controllers: health === false ? [] : [withInheritedRoutes(health)],
    providers: [{ provide: CHECKED_SETTINGS, inject: [POSTERN_SETTINGS], useFactory: checkedPosternSettings }],
  };
}

/** Errors, database, guard and keys. The guard reads keys and revocations from the database of this server. */
function platform(structure: PosternStructure, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule[] {
  return [
    ProblemModule.forRootAsync(from((settings) => settings.problem ?? {})),
    PersistenceModule.forRootAsync({
      ...from(({ databaseUrl, persistence }) => ({ ...persistence, databaseUrl })),
      migrations: structure.migrations,
    }),
    AuthModule.forRootAsync({
      ...from(({ issuer, audience = AUDIENCE, auth, tokens }) => ({
        ...auth,
        // The guard must accept every token that the server may issue.
        maximumLifetimeSeconds:
          auth?.maximumLifetimeSeconds ?? Math.max(DAY_SECONDS, tokens?.maximumLifetimeSeconds ?? 0),
        maximumTokenBytes: auth?.maximumTokenBytes ?? Math.max(VERIFIED_BYTES, tokens?.maximumTokenBytes ?? 0),
        issuer,
        audience,
      })),
      keys: KeyRingVerificationKeys,
      revocationSource: DatabaseRevocationSource,
      revocationPublisher: DatabaseRevocationPublisher,
      guard: structure.guard,
      carriers: structure.carriers,
      mapper: structure.mapper,
      clock: structure.clock,
      global: structure.global,
      imports,
    }),
    TokensModule.forRootAsync({
      ...from(({ issuer, audience = AUDIENCE, secret, previousSecrets, tokens }) => ({
        ...tokens,
        issuer,
        audience,
        secret,
        previousSecrets,
      })),
      signer: structure.signer,
      controllers: structure.controllers?.tokens,
      imports,
    }),
  ];
}

/** Users, sessions, revocations, passwords, mail and accounts. */
function identity(structure: PosternStructure, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule[] {
  // `forRoot` has the settings in the same object.
  const isProduction = (structure as Partial<PosternSettings>).production === true;
  return [
    UsersModule.forRootAsync({
      ...from(({ users }) => users ?? {}),
      user: structure.user,
      confirmation: structure.confirmation ?? PasswordConfirmation,
      controllers: structure.controllers?.users,
      imports,
    }),
    SessionsModule.forRootAsync({
      ...from(({ sessions }) => ofSessions(sessions)),
      policies: structure.loginPolicies,
      claims: structure.claims,
      controller: structure.controllers?.sessions,
      controllers: { admin: structure.controllers?.userSessions, impersonation: structure.controllers?.impersonation },
      imports,
    }),
    RevocationsModule.forRootAsync({
      ...from(({ redisUrl, sessions }) => ({
        redisUrl,
        longestTokenLifetimeSeconds: sessions?.longestTokenLifetimeSeconds,
        pollSeconds: sessions?.pollSeconds,
        followersPerToken: sessions?.followersPerToken,
      })),
      controller: structure.controllers?.revocations,
      signal: structure.revocationSignal,
      imports,
    }),
    LimitsModule.forRootAsync({
      ...from(({ redisUrl, limits }) => ({ ...limits, redisUrl })),
      store: structure.limitStore,
      imports,
    }),
    PasswordModule.forRootAsync({
      ...from(({ productName, password }) => ({ ...password, productName })),
      hasher: structure.hasher,
      policies: structure.passwordPolicies,
      controller: structure.controllers?.password,
      imports,
    }),
    RolesModule.forRootAsync({
      ...from(({ roles }) => ({ roles })),
      controllers: structure.controllers?.roles,
    }),
    MailModule.forRootAsync({
      ...from(({ issuer, production = false, productName, secret, previousSecrets, mail }) => ({
        ...mail,
        publicUrl: mail?.publicUrl ?? issuer,
        production,
        productName,
        secret,
        previousSecrets,
      })),
      mailer: structure.mailer,
      templates: structure.mailTemplates,
      controller: structure.controllers?.mailbox,
      imports,
    }),
    AccountsModule.forRootAsync({
      ...from(({ accounts }) => accounts ?? {}),
      user: structure.user,
      controller: structure.controllers?.accounts,
      firstAdministrator: isProduction ? false : structure.controllers?.firstAdministrator,
      controllers: structure.controllers?.accountFlows,
      flows: structure.accountFlows,
      imports,
    }),
  ];
}

/** `sessions` has the settings of two libs. `RevocationsModule` reads the removed settings. */
function ofSessions(settings: PosternSettings['sessions'] = {}): SessionsSettings {
  const { longestTokenLifetimeSeconds: _, pollSeconds: __, followersPerToken: ___, ...rest } = settings;
  return rest;
}

function from<T>(choose: (settings: PosternSettings) => T): {
  inject: [typeof POSTERN_SETTINGS];
  useFactory: (settings: PosternSettings) => T;
} {
  return { inject: [POSTERN_SETTINGS], useFactory: (settings) => choose(checkedPosternSettings(settings)) };
}
