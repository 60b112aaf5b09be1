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

/** The codes of this lib's errors. */
export type AccountsErrorCode = MailerNotConfiguredError['code'];
