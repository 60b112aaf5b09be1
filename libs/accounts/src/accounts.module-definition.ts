import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { UserBase } from 'postern/users';
import type { ChangeEmail } from './email/change-email.js';
import type { VerifyEmail } from './email/verify-email.js';
import type { AccountFlow } from './links/account-flow.js';
import type { ResetPassword } from './password/reset-password.js';

/** A value for each flow; the default applies if it is left out. */
export type ByFlow<T> = { readonly [K in AccountFlow]?: T | undefined };

/** The settings of `AccountsModule`. Plain data, checked at boot; every setting has a default. */
export interface AccountsSettings {
  /**
   * Whether a login needs a verified e-mail address. A registration then has the same response for every address, and
   * the mail says whether there is an account. Default: `false`.
   */
  requireVerifiedEmail?: boolean | undefined;
  /**
   * The pages of your front end, such as `{ resetPassword: 'https://app.acme.com/reset' }`. Postern adds `#token=…`. By
   * default, a mail has a link to a page of Postern below `publicUrl`.
   */
  links?: ByFlow<string> | undefined;
  /** How long a link is valid, in seconds. */
  linkSeconds?: ByFlow<number> | undefined;
}

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

const HOUR = 3600;
const MAX_SECONDS = 30 * 24 * HOUR;
const seconds = (usual: number) => setting.wholeNumber(usual, { min: 60, max: MAX_SECONDS });
const page = () => setting.custom<string | undefined>(pageProblem);

export const SETTINGS = settings<AccountsSettings, AccountsStructure>()(
  'AccountsModule',
  {
    requireVerifiedEmail: setting.flag(false),
    links: setting.nested(
      settings<ByFlow<string>>()('links', {
        verifyEmail: page(),
        confirmEmailChange: page(),
        undoEmailChange: page(),
        resetPassword: page(),
        acceptInvitation: page(),
        magicLink: page(),
      }),
    ),
    linkSeconds: setting.nested(
      settings<ByFlow<number>>()('linkSeconds', {
        verifyEmail: seconds(24 * HOUR),
        confirmEmailChange: seconds(24 * HOUR),
        undoEmailChange: seconds(72 * HOUR),
        resetPassword: seconds(HOUR),
        acceptInvitation: seconds(7 * 24 * HOUR),
        magicLink: seconds(HOUR / 4),
      }),
    ),
  },
  { user: true, controller: true, firstAdministrator: true, controllers: true, flows: true, imports: true },
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

function pageProblem(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const isPage = typeof value === 'string' && /^https?:\/\/[^/]/.test(value) && URL.canParse(value);
  return isPage && !/[#\s]/.test(value)
    ? undefined
    : 'must be the address of a page without a fragment, such as https://app.acme.com/reset.';
}
