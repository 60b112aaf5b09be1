import { DomainEvent } from 'postern/persistence';

/** The reason for which the outbox gave a mail up: rejected by the mailer, or all attempts of a day failed. */
export type MailFailure = 'rejected' | 'expired';

/** The outbox gave a mail up and deleted it. */
export class MailFailed extends DomainEvent {
  static override readonly type = 'mail.failed';

  constructor(
    /** The id of the mail (UUID). */
    readonly mailId: string,
    /** The kind of the mail, such as `password-changed`. */
    readonly kind: string,
    /** The id of the user (UUID), if the mail named it. */
    readonly userId: string | undefined,
    readonly reason: MailFailure,
    /** The number of attempts. */
    readonly attempts: number,
  ) {
    super();
  }
}
