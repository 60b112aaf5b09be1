import { AuthError } from 'postern/problem';

/** The code for the first administrator is wrong, or too many wrong codes were sent: one error for both. */
export class FirstAdministratorCodeInvalidError extends AuthError {
  readonly code = 'first-administrator-code-invalid';
  readonly status = 403;
  readonly title = 'The code is not valid. After ten wrong codes, restart the server for a new one.';
}

/** A user has the role `administrator` already, so no user can become the first one. */
export class FirstAdministratorExistsError extends AuthError {
  readonly code = 'first-administrator-exists';
  readonly status = 409;
  readonly title = 'An administrator exists already.';
}

/** The one-time token is malformed, unknown, expired, spent, or of another purpose: one error for all reasons. */
export class OneTimeTokenInvalidError extends AuthError {
  readonly code = 'one-time-token-invalid';
  readonly status = 400;
  readonly title = 'The link is not valid any more. Request a new one.';
}

/** The password is right, and the user has not verified the e-mail address yet. */
export class EmailUnverifiedError extends AuthError {
  readonly code = 'email-unverified';
  readonly status = 403;
  readonly title = 'Verify your e-mail address first. To get the link again, call POST /auth/email/resend.';
}

/** There is no such invitation, or it was accepted, replaced, or has expired. */
export class InvitationNotFoundError extends AuthError {
  readonly code = 'invitation-not-found';
  readonly status = 404;
  readonly title = 'There is no such invitation.';
}

/** Another browser requested the magic link. The link stays valid. */
export class MagicLinkOtherBrowserError extends AuthError {
  readonly code = 'magic-link-other-browser';
  readonly status = 403;
  readonly title = 'Open the link in the browser that requested it.';
}

/** The codes of this lib's errors. */
export type AccountsErrorCode = (
  | FirstAdministratorCodeInvalidError
  | FirstAdministratorExistsError
  | OneTimeTokenInvalidError
  | EmailUnverifiedError
  | InvitationNotFoundError
  | MagicLinkOtherBrowserError
)['code'];
