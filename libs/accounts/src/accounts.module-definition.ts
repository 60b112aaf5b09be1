import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { settings } from 'postern/problem';
import type { UserBase } from 'postern/users';

/** The settings of `AccountsModule`. It has none yet, only structure. */
export type AccountsSettings = object;

/** The classes of `AccountsModule`. Read synchronously, also by `forRootAsync`. */
export interface AccountsStructure {
  /** The user class, the same as in `UsersModule` (default: `User`). */
  user?: Type<UserBase> | undefined;
  /** The controller of the route (default: `registrationControllerOf(user)`). `false`: no route. */
  controller?: Type | false | undefined;
  /**
   * The controller of `POST /auth/first-administrator` (default: `firstAdministratorControllerOf(user)`). `false`: no
   * route and no code in the log. `RolesModule` is needed. In production, the route responds with 404.
   */
  firstAdministrator?: Type | false | undefined;
  /** The controller of `GET /users/me/export` (default: `PersonalDataController`). `false`: no route. */
  personalData?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const SETTINGS = settings<AccountsSettings, AccountsStructure>()(
  'AccountsModule',
  {},
  { user: true, controller: true, firstAdministrator: true, personalData: true, imports: true },
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
