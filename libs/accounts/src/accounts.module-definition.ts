import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { SettingNames } from 'postern/problem';
import type { UserBase } from 'postern/users';
import type { Mailer } from './mailer.js';

/** What `AccountsModule` is told. Plain data, checked at boot. */
export interface AccountsSettings {
  /** Whether this is production: there, mail goes out by a mailer of yours or not at all, and never into the log. */
  production: boolean;
  /** The product's name in mails, `Postern` unless told. */
  productName?: string | undefined;
}

/** What `AccountsModule` is made of. Read synchronously, also by `forRootAsync`. */
export interface AccountsStructure {
  /** The class of the users, the same that `UsersModule` has; `User` unless told. Its fields may be registered. */
  user?: Type<UserBase> | undefined;
  /** How mail goes out; `LogMailer` unless told. */
  mailer?: Type<Mailer> | undefined;
  /** The controller that serves the route; `registrationControllerOf(user)` unless told. `false`: no route. */
  controller?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<AccountsSettings>> = { production: true, productName: true };

/** Every name of the structure: what stands here is taken out of the settings. */
export const NO_STRUCTURE: Record<keyof AccountsStructure, undefined> = {
  user: undefined,
  mailer: undefined,
  controller: undefined,
  imports: undefined,
};

export const {
  ConfigurableModuleClass: ConfigurableAccountsModule,
  MODULE_OPTIONS_TOKEN: ACCOUNTS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<AccountsSettings>({ moduleName: 'Accounts' })
  .setClassMethodName('forRoot')
  .setExtras<AccountsStructure>(NO_STRUCTURE, (definition) => ({ ...definition, global: true }))
  .build();
