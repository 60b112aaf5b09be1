import { AuthError } from 'postern/problem';

/**
 * `LogMailer` rejects a mail in production. The error is not part of the HTTP API: the sender of the mail handles it.
 */
export class MailerNotConfiguredError extends Error {
  readonly code = 'mailer-not-configured';

  constructor() {
    super('No mailer is configured: set AccountsModule.forRoot({ mailer: YourMailer }).');
    this.name = MailerNotConfiguredError.name;
  }
}

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

/** The codes of this lib's errors. */
export type AccountsErrorCode = (
  MailerNotConfiguredError | FirstAdministratorCodeInvalidError | FirstAdministratorExistsError
)['code'];
