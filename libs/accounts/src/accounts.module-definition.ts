import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { UserBase } from 'postern/users';
import { SETTINGS } from './accounts.settings.js';
import type { AccountsSettings } from './accounts.settings.js';
import type { ChangeEmail } from './email/change-email.js';
import type { VerifyEmail } from './email/verify-email.js';
import type { ResetPassword } from './password/reset-password.js';

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
  /** The controllers of the flows. `false`: no routes. */
  controllers?:
    | {
        emailVerification?: Type | false | undefined;
        emailChange?: Type | false | undefined;
        passwordReset?: Type | false | undefined;
        /** `GET /users/me/export` (default: `PersonalDataController`). */
        personalData?: Type | false | undefined;
        /** `/invitations`, for administrators (default: `InvitationsController`). */
        invitations?: Type | false | undefined;
        /** `POST /auth/invitations/accept` (default: `acceptInvitationControllerOf(user)`). */
        acceptInvitation?: Type | false | undefined;
        /** `/auth/magic-link` (default: `false`). `true`: `MagicLinkController`. */
        magicLink?: Type | boolean | undefined;
        /** The pages of the links in mails. With `false`, set `links`. */
        pages?: Type | false | undefined;
      }
    | undefined;
  /** Your subclasses of the flows. */
  flows?:
    | {
        verifyEmail?: Type<VerifyEmail> | undefined;
        changeEmail?: Type<ChangeEmail> | undefined;
        resetPassword?: Type<ResetPassword> | undefined;
      }
    | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const {
  ConfigurableModuleClass: ConfigurableAccountsModule,
  MODULE_OPTIONS_TOKEN: ACCOUNTS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<AccountsSettings>({ moduleName: 'Accounts' })
  .setClassMethodName('forRoot')
  .setExtras<AccountsStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
