import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { SettingNames } from 'postern/problem';
import type { PasswordHasher } from './hashing/password-hasher.js';
import type { PasswordPolicy } from './policies/password-policy.js';

/** What a team may set about passwords. Plain data, checked at boot; everything has a default. */
export interface PasswordSettings {
  /**
   * The fewest Unicode code points of a password, 15 unless told; never below 8.
   * @see NIST SP 800-63B-4 §3.1.1.2: 15 where the password is the sole factor, 8 beside a second one
   */
  minimumLength?: number | undefined;
  /** The most UTF-8 bytes of a password, 1,024 unless told. Longer ones are refused before anything is computed of them. */
  maximumBytes?: number | undefined;
  /** The product's name, `Postern` unless told: a password must not contain it. */
  productName?: string | undefined;
  /** Further passwords to refuse, beside the shipped list. Compared whole, without regard to case. */
  blocklist?: readonly string[] | undefined;
  /** Cost of one argon2id hash: memory in KiB (19456), passes (2), lanes (1). */
  argon2?:
    { memoryKiB?: number | undefined; iterations?: number | undefined; parallelism?: number | undefined } | undefined;
  /**
   * How many hashes run at once (the processor's cores, at most 3), how many may wait (512), how many of these for one
   * account (128), and for how long in seconds (10). Beyond that: 503 with `Retry-After`.
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

/** What a team may replace by passing a class. Read synchronously, also by `forRootAsync`. */
export interface PasswordStructure {
  /** How passwords are hashed; `Argon2PasswordHasher` unless told. */
  hasher?: Type<PasswordHasher> | undefined;
  /** Every rule for a new password, in order; `shippedPasswordPolicies` unless told. Replaces that list: spread it to keep it. */
  policies?: readonly Type<PasswordPolicy>[] | undefined;
  /** The controller that serves the routes; `PasswordController` unless told. `false`: no routes. */
  controller?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<PasswordSettings>> = {
  minimumLength: true,
  maximumBytes: true,
  productName: true,
  blocklist: true,
  argon2: true,
  hashing: true,
};

/** Every name of the structure: what stands here is taken out of the settings. */
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
