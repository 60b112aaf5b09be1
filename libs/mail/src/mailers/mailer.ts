/** A mail to a user. */
export interface MailMessage {
  /** A UUID, the same in each attempt to send this mail: an idempotency key for a mail service. */
  readonly id?: string;
  /** A stable name, such as `password-changed`. */
  readonly kind: string;
  /** A normalised e-mail address. */
  readonly to: string;
  /** The id of the user (UUID), for events and logs. */
  readonly userId?: string | undefined;
  readonly subject: string;
  /** The mail as plain text. */
  readonly text: string;
  /** The mail as HTML, optional. */
  readonly html?: string | undefined;
}

/**
 * Sends one mail. The outbox calls it, possibly on another replica than the one that added the mail, and calls it again
 * after a failure. Replace it by passing a class to `MailModule.forRoot` or `PosternModule.forRoot`.
 * @example
 * ```ts
 * @Injectable()
 * class GatewayMailer extends Mailer {
 *   constructor(private readonly gateway: Gateway) { super(); }
 *   async send({ id, to, subject, text, html }: MailMessage) {
 *     await this.gateway.post('/mails', { to, subject, text, html }, { idempotencyKey: id });
 *   }
 * }
 * PosternModule.forRoot({ ...settings, mailer: GatewayMailer });
 * ```
 */
export abstract class Mailer {
  /**
   * Resolves when the mail is sent; rejects if sending fails. The outbox counts a call of more than two minutes as
   * failed. The message may contain secrets: do not log it.
   * @throws MailRejectedError if another attempt cannot succeed
   */
  abstract send(message: MailMessage): Promise<void>;
}
