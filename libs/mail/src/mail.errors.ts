/** The codes of this lib's errors. No error of this lib is part of the HTTP API. */
export type MailErrorCode = 'mailer-not-configured' | 'mail-not-sent' | 'mail-rejected' | 'mail-unreadable';

/** The settings that a mailer needs. */
export const CONFIGURATION =
  'Set smtpUrl and from of the mail settings (SMTP_URL and MAIL_FROM of the server), or pass mailer: YourMailer.';

/** A mail was not sent. The message has no address, no content, and no secret: the outbox logs and stores it. */
export abstract class MailError extends Error {
  abstract readonly code: MailErrorCode;
}

/** No mailer is configured in production. */
export class MailerNotConfiguredError extends MailError {
  readonly code = 'mailer-not-configured' satisfies MailErrorCode;

  constructor() {
    super(`No mailer is configured. ${CONFIGURATION}`);
    this.name = MailerNotConfiguredError.name;
  }
}

/** An attempt to send a mail failed. The outbox will retry. */
export class MailNotSentError extends MailError {
  readonly code = 'mail-not-sent' satisfies MailErrorCode;

  /** @param reason without addresses, contents, and secrets */
  constructor(reason = 'no reason') {
    super(reason);
    this.name = MailNotSentError.name;
  }
}

/** The recipient or the mail was rejected for good. The outbox gives up. */
export class MailRejectedError extends MailError {
  readonly code = 'mail-rejected' satisfies MailErrorCode;

  /** @param reason without addresses, contents, and secrets */
  constructor(reason = 'no reason') {
    super(reason);
    this.name = MailRejectedError.name;
  }
}

/** A stored mail was encrypted under a secret that this replica does not have. */
export class MailUnreadableError extends MailError {
  readonly code = 'mail-unreadable' satisfies MailErrorCode;

  constructor() {
    super('The stored mail cannot be decrypted: add the secret of its replica to previousSecrets.');
    this.name = MailUnreadableError.name;
  }
}
