export {
  EmailUnverifiedError,
  FirstAdministratorCodeInvalidError,
  FirstAdministratorExistsError,
  InvitationNotFoundError,
  MagicLinkOtherBrowserError,
  OneTimeTokenInvalidError,
  type AccountsErrorCode,
} from './accounts.errors.js';
export { InvitationAccepted, UserInvited, UserRegistered } from './accounts.events.js';
export { AccountsModule } from './accounts.module.js';
export type { AccountsStructure } from './accounts.module-definition.js';
export type { AccountsSettings, ByFlow } from './accounts.settings.js';
export { CheckedAccountsSettings } from './checked-accounts-settings.js';
export { MailSentDto, type MailSent } from './dto/mail-sent.dto.js';
export { ChangeEmail } from './email/change-email.js';
export { EmailChangeController } from './email/email-change.controller.js';
export { EmailVerificationController } from './email/email-verification.controller.js';
export { VerifyEmail } from './email/verify-email.js';
export { AcceptInvitation } from './invitations/accept-invitation.js';
export { acceptInvitationControllerOf, type AcceptedInvitation } from './invitations/accept-invitation.controller.js';
export { InvitationsController } from './invitations/invitations.controller.js';
export { InvitationsService } from './invitations/invitations.service.js';
export type { Invitation } from './invitations/invitation-table.js';
export { MagicLinkController } from './magic-link/magic-link.controller.js';
export { AccountPagesController } from './links/account-pages.controller.js';
export { ForgotPassword } from './password/forgot-password.js';
export { PasswordResetController } from './password/password-reset.controller.js';
export { ResetPassword, type ResetContext } from './password/reset-password.js';
export { DevelopmentOnlyGuard } from './first-administrator/development-only.guard.js';
export { FirstAdministrator } from './first-administrator/first-administrator.js';
export {
  firstAdministratorControllerOf,
  type FirstAdministratorRoutes,
} from './first-administrator/first-administrator.controller.js';
export {
  OneTimeTokens,
  type OneTimeToken,
  type OneTimeTokenBinding,
  type SpentOneTimeToken,
} from './one-time-tokens/one-time-tokens.js';
export { PersonalDataController } from './personal-data/personal-data.controller.js';
export { PersonalData } from './personal-data/personal-data.js';
export { Registration, type PreparedAccount, type RegistrationContext } from './registration.js';
export { registrationControllerOf, type NewAccount, type RegistrationRoutes } from './registration.controller.js';
export { SecurityNotices } from './security-notices.js';
