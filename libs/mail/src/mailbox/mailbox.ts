import { Injectable } from '@nestjs/common';
import { NotFoundError } from 'postern/problem';
import { CheckedMailSettings } from '../checked-mail-settings.js';
import { OutboxTable } from '../outbox/outbox-table.js';
import { SealedContent } from '../outbox/sealed-content.js';

const MAX_MAILS = 100;

/** A mail in the mailbox. */
export interface MailboxEntry {
  readonly id: string;
  readonly kind: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Null for a mail without HTML. */
  readonly html: string | null;
  /** The links of the text, in their order. */
  readonly links: readonly string[];
  readonly createdAt: Date;
  /** Null until the mailer has accepted the mail. */
  readonly sentAt: Date | null;
  readonly attempts: number;
  /** The failure of the last attempt, without contents. */
  readonly lastError: string | null;
}

/** The mails of the last day, for development. */
@Injectable()
export class Mailbox {
  constructor(
    private readonly table: OutboxTable,
    private readonly contents: SealedContent,
    private readonly settings: CheckedMailSettings,
  ) {}

  /**
   * Returns the newest mails first, sent or not.
   * @throws NotFoundError in production
   */
  async entries(): Promise<MailboxEntry[]> {
    if (this.settings.production) throw new NotFoundError();
    const mails = await this.table.newest(MAX_MAILS);
    return mails.map(({ id, kind, content, createdAt, sentAt, attempts, lastError }) => {
      const { to, subject, text, html } = this.readable(id, content);
      const links = linksIn(text).map(({ url }) => url);
      return { id, kind, to, subject, text, html: html ?? null, links, createdAt, sentAt, attempts, lastError };
    });
  }

  /** A mail from before a change of the secret must not hide the others. */
  private readable(id: string, content: Buffer) {
    try {
      return this.contents.open(id, content);
    } catch (error) {
      return { to: '', subject: '', text: (error as Error).message, html: undefined };
    }
  }
}

/** The links of a text, each with the index of its first character. */
export function linksIn(text: string): { readonly url: string; readonly index: number }[] {
  return [...text.matchAll(/https?:\/\/[^\s<>"']+/g)].map(({ 0: match, index }) => ({
    url: match.replace(/[.,;:!?)\]]+$/, ''),
    index,
  }));
}
