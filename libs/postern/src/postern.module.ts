import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AccountsModule } from 'postern/accounts';
import { AuthModule, withInheritedRoutes } from 'postern/auth';
import { PasswordConfirmation, PasswordModule } from 'postern/password';
import { PersistenceModule } from 'postern/persistence';
import { assertKnownSettings, ProblemModule } from 'postern/problem';
import { RevocationLog, SessionsModule, StoredRevocations } from 'postern/sessions';
import { KeyRing, TokensModule } from 'postern/tokens';
import { UsersModule } from 'postern/users';
import { HealthController } from './health.controller.js';
import {
  ConfigurablePosternModule,
  KNOWN_SETTINGS,
  NO_STRUCTURE,
  type POSTERN_ASYNC_OPTIONS,
  type POSTERN_OPTIONS,
  POSTERN_SETTINGS,
  type PosternSettings,
  type PosternStructure,
} from './postern.module-definition.js';

const DAY_SECONDS = 86_400;
const AUDIENCE = 'postern';

/** Holds the settings, where the modules that are composed out of them can inject them. */
@Module({})
class PosternSettingsModule extends ConfigurablePosternModule {}

/**
 * Accounts, sessions, keys and guarded routes in one import. What a team does differently it passes as a class.
 *
 * @example
 * @Module({
 *   imports: [PosternModule.forRoot({ issuer: 'https://id.acme.com', secret, databaseUrl, user: Employee })],
 * })
 * export class AppModule {}
 */
@Module({})
export class PosternModule {
  /** Settings and structure in one object. */
  static forRoot(options: typeof POSTERN_OPTIONS): DynamicModule {
    return composed(PosternSettingsModule.forRoot(options), options);
  }

  /** Settings from a factory or a class; structure beside it, synchronously. */
  static forRootAsync(options: typeof POSTERN_ASYNC_OPTIONS): DynamicModule {
    return composed(PosternSettingsModule.forRootAsync(options), options);
  }
}

function composed(settingsModule: DynamicModule, structure: PosternStructure): DynamicModule {
  const imports = structure.imports ?? [];
  const health = structure.controllers?.health ?? HealthController;
  return {
    module: PosternModule,
    imports: [
      { ...settingsModule, global: true, exports: [POSTERN_SETTINGS] },
      ...platform(structure, imports),
      ...identity(structure, imports),
      // Its own log has a line for each probe that fails; the controller logs changes.
      TerminusModule.forRoot({ logger: false }),
    ],
    controllers: health === false ? [] : [withInheritedRoutes(health)],
  };
}

/** Errors, the database, the guard and the keys. The guard reads keys and revocations from this very server. */
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
        // What may be issued is accepted.
        maximumLifetimeSeconds:
          auth?.maximumLifetimeSeconds ?? Math.max(DAY_SECONDS, tokens?.maximumLifetimeSeconds ?? 0),
        issuer,
        audience,
      })),
      keys: KeyRing,
      revocationSource: StoredRevocations,
      revocationPublisher: RevocationLog,
      guard: structure.guard,
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

/** Who there is, and how a proof of identity becomes a session. */
function identity(structure: PosternStructure, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule[] {
  return [
    UsersModule.forRoot({
      user: structure.user,
      confirmation: structure.confirmation ?? PasswordConfirmation,
      controllers: structure.controllers?.users,
      imports,
    }),
    SessionsModule.forRootAsync({
      ...from(({ redisUrl, sessions }) => ({ ...sessions, redisUrl })),
      policies: structure.loginPolicies,
      claims: structure.claims,
      controller: structure.controllers?.sessions,
      feed: structure.controllers?.revocations,
      signal: structure.revocationSignal,
      imports,
    }),
    PasswordModule.forRootAsync({
      ...from(({ productName, password }) => ({ ...password, productName })),
      hasher: structure.hasher,
      policies: structure.passwordPolicies,
      controller: structure.controllers?.password,
      imports,
    }),
    AccountsModule.forRootAsync({
      ...from(({ production = false, productName }) => ({ production, productName })),
      user: structure.user,
      mailer: structure.mailer,
      controller: structure.controllers?.accounts,
      imports,
    }),
  ];
}

/** The names that the settings of one lib stand under; each lib checks its own. */
const OF_ONE_LIB = ['persistence', 'problem', 'auth', 'tokens', 'sessions', 'password'] as const;

/** What is said for all libs would overwrite, without a word, what is said of it for one. */
function assertSaidOnce(lib: (typeof OF_ONE_LIB)[number], settings: unknown): void {
  if (typeof settings !== 'object') throw new Error(`PosternModule: "${lib}" must be an object of settings.`);
  for (const name of Object.keys(settings ?? {})) {
    if (Object.hasOwn(KNOWN_SETTINGS, name)) {
      throw new Error(`PosternModule takes "${name}" beside "${lib}", and not below it.`);
    }
  }
}

function from<T>(choose: (settings: PosternSettings) => T): {
  inject: [typeof POSTERN_SETTINGS];
  useFactory: (settings: PosternSettings) => T;
} {
  const useFactory = (settings: PosternSettings): T => {
    assertKnownSettings('PosternModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    OF_ONE_LIB.forEach((lib) => assertSaidOnce(lib, settings[lib] ?? {}));
    return choose(settings);
  };
  return { inject: [POSTERN_SETTINGS], useFactory };
}
