/** A mail to one person. */
export interface MailMessage {
  /** What it is about, stable, so that a mailer may choose a template of its own: `password-changed`. */
  readonly kind: string;
  /** One address, normalised. */
  readonly to: string;
  readonly subject: string;
  /** The mail as plain text. */
  readonly text: string;
  /** The same as HTML, where there is one. */
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
  /** Resolves when the mail is on its way; rejects when it is not. The message may hold secrets: do not log it. */
  abstract send(message: MailMessage): Promise<void>;
}
