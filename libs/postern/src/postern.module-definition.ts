import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { AccountsSettings, AccountsStructure } from 'postern/accounts';
import type { AuthSettings, AuthStructure } from 'postern/auth';
import type { LimitsSettings, LimitsStructure } from 'postern/limits';
import type { MailSettings, MailStructure } from 'postern/mail';
import type { PasswordSettings, PasswordStructure } from 'postern/password';
import type { PersistenceSettings, PersistenceStructure } from 'postern/persistence';
import { setting, settings } from 'postern/problem';
import type { ProblemSettings } from 'postern/problem';
import type { RevocationsSettings, RevocationsStructure } from 'postern/revocations';
import type { RolesSettings, RolesStructure } from 'postern/roles';
import type { SessionsSettings, SessionsStructure } from 'postern/sessions';
import type { TokensSettings, TokensStructure } from 'postern/tokens';
import type { UsersSettings, UsersStructure } from 'postern/users';

/**
 * The settings of `PosternModule`: shared settings at the top level, and the settings of one lib under the name of the
 * lib. Plain data; each lib validates its settings at boot.
 */
export interface PosternSettings {
  /** The public URL of this server: the `iss` of every token. */
  issuer: string;
  /** The `aud` of access tokens. Default: `postern`. */
  audience?: string | undefined;
  /** The instance secret, at least 32 random bytes of text. */
  secret: string;
  /** Further instance secrets for decryption during a change of `secret`: first the next, then the previous. */
  previousSecrets?: readonly string[] | undefined;
  /** `postgres://user:password@host:5432/database` */
  databaseUrl: string;
  /**
   * `redis://host:6379`. If set, replicas exchange revocations and count failed attempts through Redis. Several hosts
   * are `redis+sentinel://host:26379,host2:26379/master` or `redis+cluster://host:6379,host2:6379`.
   */
  redisUrl?: string | undefined;
  /**
   * Whether this is a production deployment. The issuer must then begin with `https://`, unless it is a loopback
   * address, and development defaults such as `LogMailer` are disabled. Default: `false`.
   */
  production?: boolean | undefined;
  /** The name of the product, for mails and for the words that a password must not contain. Default: `Postern`. */
  productName?: string | undefined;
  persistence?: Omit<PersistenceSettings, 'databaseUrl'> | undefined;
  problem?: ProblemSettings | undefined;
  auth?: Omit<AuthSettings, 'issuer' | 'audience'> | undefined;
  tokens?: Omit<TokensSettings, 'issuer' | 'audience' | 'secret' | 'previousSecrets'> | undefined;
  sessions?: (SessionsSettings & Omit<RevocationsSettings, 'redisUrl'>) | undefined;
  users?: UsersSettings | undefined;
  password?: Omit<PasswordSettings, 'productName'> | undefined;
  /** The roles that the application ships. The start creates those that do not exist. */
  roles?: RolesSettings['roles'] | undefined;
  /** The limits of failed attempts. */
  limits?: Omit<LimitsSettings, 'redisUrl'> | undefined;
  /** Registration and the flows by mail. */
  accounts?: AccountsSettings | undefined;
  /** The default of `publicUrl` is the issuer. */
  mail?: PosternMailSettings | undefined;
}

/** The settings of mail in `PosternModule`. */
export type PosternMailSettings = Partial<
  Omit<MailSettings, 'production' | 'productName' | 'secret' | 'previousSecrets'>
>;

/** The classes that an application can replace. `forRootAsync` reads them synchronously, too. */
export interface PosternStructure {
  /** The user entity: `@Entity('users') class Employee extends UserBase`. Default: `User`. */
  user?: UsersStructure['user'] | undefined;
  /** The migrations of the application, in addition to the shipped migrations. */
  migrations?: PersistenceStructure['migrations'] | undefined;
  /** The hasher of passwords. */
  hasher?: PasswordStructure['hasher'] | undefined;
  /** The policies for new passwords. Replaces the shipped list. */
  passwordPolicies?: PasswordStructure['policies'] | undefined;
  /** The policies for login and refresh, in addition to the shipped rejection of disabled users. */
  loginPolicies?: SessionsStructure['policies'] | undefined;
  /** The claims of the user in access tokens. */
  claims?: SessionsStructure['claims'] | undefined;
  /** The check before users delete their account. Default: `PasswordConfirmation`. */
  confirmation?: UsersStructure['confirmation'] | undefined;
  /** A subclass of `JwtAuthGuard`. */
  guard?: AuthStructure['guard'] | undefined;
  /** The carriers of further transports. */
  carriers?: AuthStructure['carriers'] | undefined;
  /** The mapper to the value of `@CurrentUser()`. */
  mapper?: AuthStructure['mapper'] | undefined;
  /** The mailer. Default: SMTP with `smtpUrl` and `from` of the settings `mail`. */
  mailer?: MailStructure['mailer'] | undefined;
  /** The templates of mails that replace shipped templates. */
  mailTemplates?: MailStructure['templates'] | undefined;
  /** The flows by mail that replace shipped flows. */
  accountFlows?: AccountsStructure['flows'] | undefined;
  /** The signing keys, for example in a KMS. */
  signer?: TokensStructure['signer'] | undefined;
  /** The signal that announces revocations to replicas, instead of PostgreSQL or Redis. */
  revocationSignal?: RevocationsStructure['signal'] | undefined;
  /** The store of the counters of limits, instead of PostgreSQL or Redis. */
  limitStore?: LimitsStructure['store'] | undefined;
  /** The clock, for tests. */
  clock?: AuthStructure['clock'] | undefined;
  /** Whether the guard is applied to every route without `@Public()`. Default: `true`. */
  global?: AuthStructure['global'] | undefined;
  /** The controllers that replace the shipped controllers. `false` removes the routes. */
  controllers?:
    | {
        tokens?: TokensStructure['controllers'] | undefined;
        users?: UsersStructure['controllers'] | undefined;
        sessions?: SessionsStructure['controller'] | undefined;
        userSessions?: Type | false | undefined;
        impersonation?: Type | false | undefined;
        revocations?: RevocationsStructure['controller'] | undefined;
        password?: PasswordStructure['controller'] | undefined;
        accounts?: AccountsStructure['controller'] | undefined;
        firstAdministrator?: AccountsStructure['firstAdministrator'] | undefined;
        /** The flows by mail, and their pages. */
        accountFlows?: AccountsStructure['controllers'] | undefined;
        roles?: RolesStructure['controllers'] | undefined;
        /** `/dev/mailbox`, outside production. */
        mailbox?: MailStructure['controller'] | undefined;
        health?: Type | false | undefined;
      }
    | undefined;
  /** The modules that export the dependencies of these classes. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const SETTINGS = settings<PosternSettings, PosternStructure>()(
  'PosternModule',
  {
    issuer: setting.unchecked(),
    audience: setting.unchecked(),
    secret: setting.unchecked(),
    previousSecrets: setting.unchecked(),
    databaseUrl: setting.unchecked(),
    redisUrl: setting.unchecked(),
    production: setting.unchecked(),
    productName: setting.unchecked(),
    persistence: setting.unchecked(),
    problem: setting.unchecked(),
    auth: setting.unchecked(),
    tokens: setting.unchecked(),
    sessions: setting.unchecked(),
    users: setting.unchecked(),
    password: setting.unchecked(),
    roles: setting.unchecked(),
    limits: setting.unchecked(),
    accounts: setting.unchecked(),
    mail: setting.unchecked(),
  },
  {
    user: true,
    migrations: true,
    hasher: true,
    passwordPolicies: true,
    loginPolicies: true,
    claims: true,
    confirmation: true,
    guard: true,
    carriers: true,
    mapper: true,
    mailer: true,
    mailTemplates: true,
    accountFlows: true,
    signer: true,
    revocationSignal: true,
    limitStore: true,
    clock: true,
    global: true,
    controllers: true,
    imports: true,
  },
);

export const {
  ConfigurableModuleClass: ConfigurablePosternModule,
  MODULE_OPTIONS_TOKEN: POSTERN_SETTINGS,
  OPTIONS_TYPE: POSTERN_OPTIONS,
  ASYNC_OPTIONS_TYPE: POSTERN_ASYNC_OPTIONS,
} = new ConfigurableModuleBuilder<PosternSettings>({ moduleName: 'Postern' })
  .setClassMethodName('forRoot')
  .setExtras<PosternStructure>(SETTINGS.noStructure, (definition) => definition)
  .build();
