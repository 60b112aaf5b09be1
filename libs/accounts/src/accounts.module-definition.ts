import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { UserBase } from 'postern/users';
import type { Mailer } from './mailer.js';

/** The settings of `AccountsModule`. Plain data, checked at boot. */
export interface AccountsSettings {
  /** Whether this is production. In production mail is sent by your `mailer` or rejected, and is never logged. */
  production: boolean;
  /** The name of the product in mails (default: `Postern`). */
  productName?: string | undefined;
}

/** The classes of `AccountsModule`. Read synchronously, also by `forRootAsync`. */
export interface AccountsStructure {
  /** The user class, the same as in `UsersModule` (default: `User`). */
  user?: Type<UserBase> | undefined;
  /** Sends mail (default: `LogMailer`). */
  mailer?: Type<Mailer> | undefined;
  /** The controller of the route (default: `registrationControllerOf(user)`). `false`: no route. */
  controller?: Type | false | undefined;
  /**
   * The controller of `POST /auth/first-administrator` (default: `firstAdministratorControllerOf(user)`). `false`: no
   * route and no code in the log. `RolesModule` is needed. In production, the route responds with 404.
   */
  firstAdministrator?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const SETTINGS = settings<AccountsSettings, AccountsStructure>()(
  'AccountsModule',
  {
    production: setting.custom<boolean>((value) =>
      typeof value === 'boolean'
        ? undefined
        : 'is missing: set production: true or production: false. Mail is logged only if it is false.',
    ),
    productName: setting.text('Postern'),
  },
  { user: true, mailer: true, controller: true, firstAdministrator: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableAccountsModule,
  MODULE_OPTIONS_TOKEN: ACCOUNTS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<AccountsSettings>({ moduleName: 'Accounts' })
  .setClassMethodName('forRoot')
  .setExtras<AccountsStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
