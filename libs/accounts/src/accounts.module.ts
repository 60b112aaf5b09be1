import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { withInheritedRoutes } from 'postern/auth';
import { PasswordController } from 'postern/password';
import { ApiProblems, missingSettings } from 'postern/problem';
import { AccountLoginPolicy } from 'postern/sessions';
import { assertSameUserEntity, User, UserDtos } from 'postern/users';
import { EmailUnverifiedError } from './accounts.errors.js';
import { AccountMails } from './account-mails.js';
import { ACCOUNTS_SETTINGS, ConfigurableAccountsModule } from './accounts.module-definition.js';
import type { AccountsSettings } from './accounts.settings.js';
import type { AccountsStructure, ASYNC_OPTIONS_TYPE, OPTIONS_TYPE } from './accounts.module-definition.js';
import { DeletionNotices } from './deletion/deletion-notices.js';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { ConcealedRegistration } from './concealed-registration.js';
import { ChangeEmail } from './email/change-email.js';
import { EmailChangeController } from './email/email-change.controller.js';
import { EmailVerificationController } from './email/email-verification.controller.js';
import { EmailVerifiedPolicy } from './email/email-verified.policy.js';
import { UndoEmailChange } from './email/undo-email-change.js';
import { UnverifiedAddresses } from './email/unverified-addresses.js';
import { VerifyEmail } from './email/verify-email.js';
import { FirstAdministratorAnnouncement } from './first-administrator/first-administrator-announcement.js';
import { FirstAdministratorCode } from './first-administrator/first-administrator-code.js';
import { firstAdministratorControllerOf } from './first-administrator/first-administrator.controller.js';
import { FirstAdministrator } from './first-administrator/first-administrator.js';
import { AcceptInvitation } from './invitations/accept-invitation.js';
import { acceptInvitationControllerOf } from './invitations/accept-invitation.controller.js';
import { InvitationCleanup } from './invitations/invitation-cleanup.js';
import { InvitationLinks } from './invitations/invitation-links.js';
import { InvitationTable } from './invitations/invitation-table.js';
import { InvitationsController } from './invitations/invitations.controller.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { InviterRights } from './invitations/inviter-rights.js';
import { AccountLinks } from './links/account-links.js';
import { AccountPagesController } from './links/account-pages.controller.js';
import { BrowserBinding } from './magic-link/browser-binding.js';
import { MagicLinkController } from './magic-link/magic-link.controller.js';
import { MagicLinkLogin } from './magic-link/magic-link-login.js';
import { SendMagicLink } from './magic-link/send-magic-link.js';
import { OneTimeTokenCleanup } from './one-time-tokens/one-time-token-cleanup.js';
import { OneTimeTokens } from './one-time-tokens/one-time-tokens.js';
import { PersonalDataController } from './personal-data/personal-data.controller.js';
import { PersonalDataExport } from './personal-data/personal-data-export.js';
import { AccountData, RoleData, SessionData } from './personal-data/shipped-personal-data.js';
import { ForgotPassword } from './password/forgot-password.js';
import { PasswordResetController } from './password/password-reset.controller.js';
import { ResetPassword } from './password/reset-password.js';
import { registrationControllerOf } from './registration.controller.js';
import { Registration } from './registration.js';
import { SecurityNotices } from './security-notices.js';

/** The token of the checks at boot. */
const CHECKS = Symbol('AccountsModule checks');

// A lower lib declares the route, and cannot name this error.
ApiProblems(EmailUnverifiedError)(
  PasswordController.prototype,
  'login',
  Object.getOwnPropertyDescriptor(PasswordController.prototype, 'login')!,
);

/**
 * Registration, verification, recovery, and security notices by mail. Needs `PersistenceModule`, `MailModule`,
 * `UsersModule`, `SessionsModule` and `PasswordModule`. The application imports it once.
 * @example
 * ```ts
 * AccountsModule.forRoot({ user: Employee })
 * ```
 */
@Module({ providers: [missingSettings('AccountsModule', ACCOUNTS_SETTINGS)] })
export class AccountsModule extends ConfigurableAccountsModule {
  /** Switches registration on with the given settings. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Switches registration on with settings from a factory or a class. Pass the structure beside it. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: AccountsStructure): DynamicModule {
  const user = structure.user ?? User;
  const controller = structure.controller ?? registrationControllerOf(user);
  // In production, a guard hides the route.
  const first = structure.firstAdministrator ?? firstAdministratorControllerOf(user);
  const { emailVerification, emailChange, passwordReset, pages, ...more } = structure.controllers ?? {};
  const { personalData, invitations, acceptInvitation, magicLink = false } = more;
  const ofUser = [first, controller, acceptInvitation ?? acceptInvitationControllerOf(user)];
  for (const type of ofUser) if (type !== false) assertSameUserEntity('AccountsModule', type, user);
  const controllers = [
    ...ofUser,
    emailVerification ?? EmailVerificationController,
    emailChange ?? EmailChangeController,
    passwordReset ?? PasswordResetController,
    personalData ?? PersonalDataController,
    invitations ?? InvitationsController,
    magicLink === true ? MagicLinkController : magicLink,
    pages ?? AccountPagesController,
  ].filter((type) => type !== false);
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? [])],
    controllers: [...(module.controllers ?? []), ...controllers.map((type) => withInheritedRoutes(type))],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CHECKS,
        inject: [UserDtos, CheckedAccountsSettings],
        useFactory: ({ entity }: UserDtos, { links }: CheckedAccountsSettings) => {
          if (pages === false) assertLinks(links);
          if (entity === user) return true;
          throw new Error(
            `AccountsModule has user: ${user.name}, but UsersModule has ${entity.name}: set user: ${entity.name}.`,
          );
        },
      },
      {
        provide: CheckedAccountsSettings,
        inject: [ACCOUNTS_SETTINGS],
        useFactory: (settings: AccountsSettings) => new CheckedAccountsSettings(settings),
      },
      Registration,
      ConcealedRegistration,
      { provide: VerifyEmail, useClass: structure.flows?.verifyEmail ?? VerifyEmail },
      { provide: ChangeEmail, useClass: structure.flows?.changeEmail ?? ChangeEmail },
      { provide: ResetPassword, useClass: structure.flows?.resetPassword ?? ResetPassword },
      UndoEmailChange,
      ForgotPassword,
      UnverifiedAddresses,
      { provide: AccountLoginPolicy, useClass: EmailVerifiedPolicy },
      AccountLinks,
      AccountMails,
      SecurityNotices,
      DeletionNotices,
      PersonalDataExport,
      AccountData,
      SessionData,
      RoleData,
      InvitationTable,
      InvitationLinks,
      InvitationCleanup,
      InviterRights,
      InvitationsService,
      AcceptInvitation,
      BrowserBinding,
      SendMagicLink,
      MagicLinkLogin,
      OneTimeTokens,
      OneTimeTokenCleanup,
      FirstAdministratorCode,
      FirstAdministrator,
      ...(first === false ? [] : [FirstAdministratorAnnouncement]),
    ],
    exports: [
      ...(module.exports ?? []),
      AccountLoginPolicy,
      CheckedAccountsSettings,
      FirstAdministrator,
      ForgotPassword,
      InvitationsService,
      AcceptInvitation,
      OneTimeTokens,
      Registration,
      VerifyEmail,
    ],
  };
}

function assertLinks(links: CheckedAccountsSettings['links']): void {
  const missing = Object.entries(links).find(([, page]) => page === undefined)?.[0];
  if (missing === undefined) return;
  throw new Error(
    `AccountsModule has no pages, so a mail needs the address of your page: set links: { ${missing}: 'https://…' }.`,
  );
}
