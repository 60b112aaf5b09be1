import { availableParallelism } from 'node:os';
import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { PasswordHasher } from './hashing/password-hasher.js';
import type { PasswordPolicy } from './policies/password-policy.js';

/** The settings of `PasswordModule`. Plain data, validated at boot; every setting has a default. */
export interface PasswordSettings {
  /**
   * The minimum number of Unicode code points of a password. Default: 15; at least 8.
   * @see NIST SP 800-63B-4 §3.1.1.2: 15 where the password is the sole factor, 8 beside a second one
   */
  minimumLength?: number | undefined;
  /** The maximum number of UTF-8 bytes of a password. Default: 1024. A longer password is rejected before hashing. */
  maximumBytes?: number | undefined;
  /** The name of the product, which a password must not contain. Default: `Postern`. */
  productName?: string | undefined;
  /** Passwords to reject in addition to the shipped lists. The comparison ignores case. */
  blocklist?: readonly string[] | undefined;
  /**
   * Whether an imported bcrypt hash accepts a password above 72 bytes if its first 72 bytes are right, as the old
   * system did. Default: `false`, and such a user resets the password. After the first login, the whole password
   * counts.
   */
  acceptsTruncatedBcrypt?: boolean | undefined;
  /** Cost of one argon2id hash: memory in KiB (19456), passes (2), lanes (1). */
  argon2?:
    { memoryKiB?: number | undefined; iterations?: number | undefined; parallelism?: number | undefined } | undefined;
  /**
   * A secret outside the database that argon2id mixes into each hash: 32 random bytes or more. A stolen database alone
   * then reveals no password. Every replica needs it. Without it, no password of such a hash is right. A hash gets a
   * new pepper at the next login of its user.
   * @see RFC 9106 §3.1, the secret value K
   */
  pepper?: string | undefined;
  /** The former peppers, of hashes whose users have not logged in since the change. Default: none. */
  previousPeppers?: readonly string[] | undefined;
  /**
   * The look-up of new passwords in known breaches: the base URL of a range search in the form of Have I Been Pwned,
   * such as `https://api.pwnedpasswords.com/range` (default: no look-up), and the time-out in seconds (2). While the
   * service is away, the look-up accepts every password and publishes `BreachLookupFailed`.
   */
  breach?: { url?: string | undefined; timeoutSeconds?: number | undefined } | undefined;
  /**
   * The number of concurrent hashes (default: the CPU cores, at most 3), of waiting hashes (512), of waiting hashes per
   * account (128), and the maximum wait in seconds (10). Beyond a limit: 503 with `Retry-After`.
   */
  hashing?:
    | {
        concurrency?: number | undefined;
        maximumWaiting?: number | undefined;
        maximumWaitingPerAccount?: number | undefined;
        maximumWaitSeconds?: number | undefined;
      }
    | undefined;
}

/** The classes that an application can replace. `forRootAsync` reads them synchronously, too. */
export interface PasswordStructure {
  /** The hasher of passwords. Default: `Argon2PasswordHasher`. */
  hasher?: Type<PasswordHasher> | undefined;
  /** The policies for new passwords. Replaces `shippedPasswordPolicies`, the default: spread it to keep it. */
  policies?: readonly Type<PasswordPolicy>[] | undefined;
  /** The controller of the routes. Default: `PasswordController`. `false`: no routes. */
  controller?: Type | false | undefined;
  /** The modules that export the dependencies of these classes. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** libuv has four threads. Postern leaves a thread free for files and DNS on every machine. */
const MAX_HASHES_AT_ONCE = 3;

const ARGON2 = settings<NonNullable<PasswordSettings['argon2']>>()('PasswordModule: "argon2"', {
  parallelism: setting.wholeNumber(1, { min: 1, max: 255 }),
  memoryKiB: setting.wholeNumber(19_456, { min: ({ parallelism }) => 8 * parallelism, max: 4_194_304 }),
  iterations: setting.wholeNumber(2, { min: 1, max: 1000 }),
});

const HASHING = settings<NonNullable<PasswordSettings['hashing']>>()('PasswordModule: "hashing"', {
  concurrency: setting.wholeNumber(() => Math.min(availableParallelism(), MAX_HASHES_AT_ONCE), { min: 1, max: 1024 }),
  maximumWaiting: setting.wholeNumber(512, { min: 0, max: 100_000 }),
  maximumWaitingPerAccount: setting.wholeNumber(({ maximumWaiting }) => Math.min(128, maximumWaiting), {
    min: 0,
    max: ({ maximumWaiting }) => maximumWaiting,
  }),
  maximumWaitSeconds: setting.wholeNumber(10, { min: 1, max: 600 }),
});

const BREACH = settings<NonNullable<PasswordSettings['breach']>>()('PasswordModule: "breach"', {
  url: setting.custom<string | undefined>((value) =>
    value === undefined || isRangeUrl(value)
      ? undefined
      : 'must be an http(s) URL without user, query, and fragment, such as https://api.pwnedpasswords.com/range.',
  ),
  timeoutSeconds: setting.number(2, { min: 0.1, max: 30 }),
});

function isRangeUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

export const SETTINGS = settings<PasswordSettings, PasswordStructure>()(
  'PasswordModule',
  {
    minimumLength: setting.wholeNumber(15, { min: 8, max: 256 }),
    maximumBytes: setting.wholeNumber(1024, { min: 64, max: 4096 }),
    productName: setting.text('Postern'),
    blocklist: setting.unchecked<readonly string[]>([]),
    acceptsTruncatedBcrypt: setting.flag(false),
    argon2: setting.nested(ARGON2),
    pepper: setting.secret(),
    previousPeppers: setting.secret(),
    breach: setting.nested(BREACH),
    hashing: setting.nested(HASHING),
  },
  { hasher: true, policies: true, controller: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurablePasswordModule,
  MODULE_OPTIONS_TOKEN: PASSWORD_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<PasswordSettings>({ moduleName: 'Password' })
  .setClassMethodName('forRoot')
  .setExtras<PasswordStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
