/**
 * Mail should have gone out, and nobody has said how. Never told to a caller of the API: whoever sends decides what
 * a mail that did not go out means.
 */
export class MailerNotConfiguredError extends Error {
  readonly code = 'mailer-not-configured';

  constructor() {
    super('No mailer is configured: pass one, AccountsModule.forRoot({ mailer: YourMailer }).');
    this.name = MailerNotConfiguredError.name;
  }
}

/** The codes of this lib's errors. */
export type AccountsErrorCode = MailerNotConfiguredError['code'];
