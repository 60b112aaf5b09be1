import { ConfigurableModuleBuilder, type ModuleMetadata, type Type } from '@nestjs/common';
import type { AccountsStructure } from 'postern/accounts';
import type { AuthSettings, AuthStructure } from 'postern/auth';
import type { PasswordSettings, PasswordStructure } from 'postern/password';
import type { PersistenceSettings, PersistenceStructure } from 'postern/persistence';
import type { ProblemSettings, SettingNames } from 'postern/problem';
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
  audience?: string;
  /** The instance secret, at least 32 random bytes of text. */
  secret: string;
  /** Instance secrets that are read with beside it, while it is changed: first the one to come, then the one before. */
  previousSecrets?: readonly string[];
  /** `postgres://user:password@host:5432/database` */
  databaseUrl: string;
  /** `redis://host:6379`; revocations travel among replicas by it where it is set. */
  redisUrl?: string;
  /** Whether this is a real deployment: development defaults, such as the mailer that logs, refuse to work there. Default: `false`. */
  production?: boolean;
  /** The product's name, for mails and for the words a password must not contain. Default: `Postern`. */
  productName?: string;
  persistence?: Omit<PersistenceSettings, 'databaseUrl'>;
  problem?: ProblemSettings;
  auth?: Omit<AuthSettings, 'issuer' | 'audience'>;
  tokens?: Omit<TokensSettings, 'issuer' | 'audience' | 'secret' | 'previousSecrets'>;
  sessions?: Omit<SessionsSettings, 'redisUrl'>;
  password?: Omit<PasswordSettings, 'productName'>;
}

/** What `PosternModule` is made of: classes to use instead of the shipped ones. Read synchronously, also by `forRootAsync`. */
export interface PosternStructure {
  /** The team's user: `@Entity('users') class Employee extends UserBase`. Default: `User`. */
  user?: UsersStructure['user'];
  /** The team's own migrations, after the shipped ones. */
  migrations?: PersistenceStructure['migrations'];
  /** How passwords are hashed. */
  hasher?: PasswordStructure['hasher'];
  /** Every rule for a new password; replaces the shipped list. */
  passwordPolicies?: PasswordStructure['policies'];
  /** Who may log in and refresh, beside the shipped rule that a disabled user may not. */
  loginPolicies?: SessionsStructure['policies'];
  /** What access tokens say about the user. */
  claims?: SessionsStructure['claims'];
  /** Asked before a user deletes itself. Default: the password confirms. */
  confirmation?: UsersStructure['confirmation'];
  /** A subclass of `JwtAuthGuard`. */
  guard?: AuthStructure['guard'];
  /** What `@CurrentUser()` receives. */
  mapper?: AuthStructure['mapper'];
  /** How mail leaves. */
  mailer?: AccountsStructure['mailer'];
  /** Where private keys live and sign, for example a KMS. */
  signer?: TokensStructure['signer'];
  /** How replicas tell each other of revocations, instead of PostgreSQL or Redis. */
  revocationSignal?: SessionsStructure['signal'];
  /** The time, for tests. */
  clock?: AuthStructure['clock'];
  /** Whether the guard closes every route that is not `@Public()`. Default: `true`. */
  global?: AuthStructure['global'];
  /** Controllers to serve instead of the shipped ones; `false`: none. */
  controllers?: {
    tokens?: TokensStructure['controllers'];
    users?: UsersStructure['controllers'];
    sessions?: SessionsStructure['controller'];
    revocations?: SessionsStructure['feed'];
    password?: PasswordStructure['controller'];
    accounts?: AccountsStructure['controller'];
    health?: Type | false;
  };
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'];
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
