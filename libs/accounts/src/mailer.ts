/** A mail to a user. */
export interface MailMessage {
  /** A stable name, by which a mailer can choose its own template: `password-changed`. */
  readonly kind: string;
  /** A normalised e-mail address. */
  readonly to: string;
  readonly subject: string;
  /** The mail as plain text. */
  readonly text: string;
  /** The mail as HTML, optional. */
  readonly html?: string;
}

/**
 * Sends mail. Replace it by passing a class to `AccountsModule.forRoot`.
 * @example
 * ```ts
 * @Injectable()
 * class SmtpMailer extends Mailer {
 *   readonly #transport = createTransport('smtps://mail.example.com');
 *   async send({ to, subject, text }: MailMessage) { await this.#transport.sendMail({ from, to, subject, text }); }
 * }
 * AccountsModule.forRoot({ production: true, mailer: SmtpMailer });
 * ```
 */
export abstract class Mailer {
  /** Resolves when the mail is sent; rejects if sending fails. The message may contain secrets: do not log it. */
  abstract send(message: MailMessage): Promise<void>;
}
