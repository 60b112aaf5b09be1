import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { SettingNames } from 'postern/problem';
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
  /** Cost of one argon2id hash: memory in KiB (19456), passes (2), lanes (1). */
  argon2?:
    { memoryKiB?: number | undefined; iterations?: number | undefined; parallelism?: number | undefined } | undefined;
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

/** The names of all settings. */
export const KNOWN_SETTINGS: SettingNames<Required<PasswordSettings>> = {
  minimumLength: true,
  maximumBytes: true,
  productName: true,
  blocklist: true,
  argon2: true,
  hashing: true,
};

/** The names of the structure, which Nest removes from the settings. */
export const NO_STRUCTURE: Record<keyof PasswordStructure, undefined> = {
  hasher: undefined,
  policies: undefined,
  controller: undefined,
  imports: undefined,
};

export const {
  ConfigurableModuleClass: ConfigurablePasswordModule,
  MODULE_OPTIONS_TOKEN: PASSWORD_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<PasswordSettings>({ moduleName: 'Password' })
  .setClassMethodName('forRoot')
  .setExtras<PasswordStructure>(NO_STRUCTURE, (definition) => ({ ...definition, global: true }))
  .build();
