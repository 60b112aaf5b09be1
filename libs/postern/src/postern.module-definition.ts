import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { AccountsStructure } from 'postern/accounts';
import type { AuthSettings, AuthStructure } from 'postern/auth';
import type { PasswordSettings, PasswordStructure } from 'postern/password';
import type { PersistenceSettings, PersistenceStructure } from 'postern/persistence';
import type { ProblemSettings, SettingNames } from 'postern/problem';
import type { RevocationsSettings, RevocationsStructure } from 'postern/revocations';
import type { SessionsSettings, SessionsStructure } from 'postern/sessions';
import type { TokensSettings, TokensStructure } from 'postern/tokens';
import type { UsersStructure } from 'postern/users';

/**
 * What `PosternModule` is told: what every lib needs is said once, and what only one lib asks for stands under that lib's name.
 * Plain data; each lib checks its own at boot.
 */
export interface PosternSettings {
  /** The address that clients reach this server at: the `iss` of every token. */
  issuer: string;
  /** Whom the access tokens are for: their `aud`. Default: `postern`. */
  audience?: string | undefined;
  /** The instance secret, at least 32 random bytes of text. */
  secret: string;
  /** Instance secrets that are read with beside it, while it is changed: first the one to come, then the one before. */
  previousSecrets?: readonly string[] | undefined;
  /** `postgres://user:password@host:5432/database` */
  databaseUrl: string;
  /** `redis://host:6379`; revocations travel among replicas by it where it is set. */
  redisUrl?: string | undefined;
  /**
   * Whether this is a real deployment. The issuer must then begin with `https://`, unless it is a loopback address, and development
   * defaults, such as the mailer that logs, do not work. Default: `false`.
   */
  production?: boolean | undefined;
  /** The product's name, for mails and for the words a password must not contain. Default: `Postern`. */
  productName?: string | undefined;
  persistence?: Omit<PersistenceSettings, 'databaseUrl'> | undefined;
  problem?: ProblemSettings | undefined;
  auth?: Omit<AuthSettings, 'issuer' | 'audience'> | undefined;
  tokens?: Omit<TokensSettings, 'issuer' | 'audience' | 'secret' | 'previousSecrets'> | undefined;
  sessions?: (SessionsSettings & Omit<RevocationsSettings, 'redisUrl'>) | undefined;
  password?: Omit<PasswordSettings, 'productName'> | undefined;
}

/** What `PosternModule` is made of: classes to use instead of the shipped ones. Read synchronously, also by `forRootAsync`. */
export interface PosternStructure {
  /** The team's user: `@Entity('users') class Employee extends UserBase`. Default: `User`. */
  user?: UsersStructure['user'] | undefined;
  /** The team's own migrations, after the shipped ones. */
  migrations?: PersistenceStructure['migrations'] | undefined;
  /** How passwords are hashed. */
  hasher?: PasswordStructure['hasher'] | undefined;
  /** Every rule for a new password; replaces the shipped list. */
  passwordPolicies?: PasswordStructure['policies'] | undefined;
  /** Who may log in and refresh, beside the shipped rule that a disabled user may not. */
  loginPolicies?: SessionsStructure['policies'] | undefined;
  /** What access tokens say about the user. */
  claims?: SessionsStructure['claims'] | undefined;
  /** Asked before a user deletes itself. Default: the password confirms. */
  confirmation?: UsersStructure['confirmation'] | undefined;
  /** A subclass of `JwtAuthGuard`. */
  guard?: AuthStructure['guard'] | undefined;
  /** What `@CurrentUser()` receives. */
  mapper?: AuthStructure['mapper'] | undefined;
  /** How mail leaves. */
  mailer?: AccountsStructure['mailer'] | undefined;
  /** Where private keys live and sign, for example a KMS. */
  signer?: TokensStructure['signer'] | undefined;
  /** How replicas tell each other of revocations, instead of PostgreSQL or Redis. */
  revocationSignal?: RevocationsStructure['signal'] | undefined;
  /** The time, for tests. */
  clock?: AuthStructure['clock'] | undefined;
  /** Whether the guard closes every route that is not `@Public()`. Default: `true`. */
  global?: AuthStructure['global'] | undefined;
  /** Controllers to serve instead of the shipped ones; `false`: none. */
  controllers?:
    | {
        tokens?: TokensStructure['controllers'] | undefined;
        users?: UsersStructure['controllers'] | undefined;
        sessions?: SessionsStructure['controller'] | undefined;
        revocations?: RevocationsStructure['controller'] | undefined;
        password?: PasswordStructure['controller'] | undefined;
        accounts?: AccountsStructure['controller'] | undefined;
        health?: Type | false | undefined;
      }
    | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<PosternSettings>> = {
  issuer: true,
  audience: true,
  secret: true,
  previousSecrets: true,
  databaseUrl: true,
  redisUrl: true,
  production: true,
  productName: true,
  persistence: true,
  problem: true,
  auth: true,
  tokens: true,
  sessions: true,
  password: true,
};

/** Every name of the structure: what stands here is taken out of the settings. */
export const NO_STRUCTURE: Record<keyof PosternStructure, undefined> = {
  user: undefined,
  migrations: undefined,
  hasher: undefined,
  passwordPolicies: undefined,
  loginPolicies: undefined,
  claims: undefined,
  confirmation: undefined,
  guard: undefined,
  mapper: undefined,
  mailer: undefined,
  signer: undefined,
  revocationSignal: undefined,
  clock: undefined,
  global: undefined,
  controllers: undefined,
  imports: undefined,
};

export const {
  ConfigurableModuleClass: ConfigurablePosternModule,
  MODULE_OPTIONS_TOKEN: POSTERN_SETTINGS,
  OPTIONS_TYPE: POSTERN_OPTIONS,
  ASYNC_OPTIONS_TYPE: POSTERN_ASYNC_OPTIONS,
} = new ConfigurableModuleBuilder<PosternSettings>({ moduleName: 'Postern' })
  .setClassMethodName('forRoot')
  .setExtras<PosternStructure>(NO_STRUCTURE, (definition) => definition)
  .build();
