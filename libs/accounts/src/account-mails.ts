import { Injectable } from '@nestjs/common';
import { MailTemplates, Outbox } from 'postern/mail';
import type { MailRecipient, MailTemplateData, MailTemplateName } from 'postern/mail';
import type { UserBase } from 'postern/users';

/** Adds the mails of the flows to the outbox, in the current transaction. */
@Injectable()
export class AccountMails {
  constructor(
    private readonly templates: MailTemplates,
    private readonly outbox: Outbox,
  ) {}

  /** Adds a mail in the language of the recipient. */
  async add<K extends MailTemplateName>(kind: K, data: MailTemplateData[K], recipient: MailRecipient): Promise<void> {
    await this.outbox.add(this.templates.write(kind, data, recipient));
  }

  /** Does the same work as {@link add} without a mail, so that the time of a response does not reveal an account. */
  async addDecoy<K extends MailTemplateName>(
    kind: K,
    data: MailTemplateData[K],
    recipient: MailRecipient,
  ): Promise<void> {
    await this.outbox.addDecoy(this.templates.write(kind, data, recipient));
  }
}

/**
 * Returns the user as the recipient of a mail.
 * @param acceptLanguage `Accept-Language` of the request, for a user without a locale
 */
export function recipientOf(user: UserBase, acceptLanguage?: string): MailRecipient {
  const { id, email } = user;
  return { id, email, locale: (user as { locale?: unknown }).locale, acceptLanguage };
}
