import { Injectable } from '@nestjs/common';
import { Database, uuidv7 } from 'postern/persistence';
import type { MailMessage } from '../mailers/mailer.js';
import { OutboxTable } from './outbox-table.js';
import { OutboxWorker } from './outbox-worker.js';
import { SealedContent } from './sealed-content.js';

/** Keeps mails in the database until a replica has sent them. */
@Injectable()
export class Outbox {
  constructor(
    private readonly database: Database,
    private readonly table: OutboxTable,
    private readonly contents: SealedContent,
    private readonly worker: OutboxWorker,
  ) {}

  /**
   * Adds a mail in the current transaction: the mail is sent if the transaction commits, also if the process dies
   * afterwards, and never if it is rolled back. A worker sends it after the commit and retries for a day. It arrives
   * once, unless the process dies between the reply of the mail server and the record of it.
   *
   * A line break in the subject becomes a space.
   *
   * @throws Error if the address of the recipient has control characters
   * @example
   * ```ts
   * await database.transaction(async () => {
   *   await this.orders.place(order);
   *   await this.outbox.add({ kind: 'order-placed', to: user.email, subject: 'Your order', text });
   * });
   * ```
   */
  add(mail: MailMessage): Promise<void> {
    return this.store(mail, false);
  }

  /**
   * Does the same work as {@link add}, but no mail is sent: a client cannot measure whether a request caused a mail. The
   * row is deleted within two minutes.
   */
  addDecoy(mail: MailMessage): Promise<void> {
    return this.store(mail, true);
  }

  private async store(mail: MailMessage, isDecoy: boolean): Promise<void> {
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(mail.to)) throw new Error('The address of a mail has a control character.');
    const id = mail.id ?? uuidv7();
    const subject = mail.subject.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
    const content = this.contents.seal(id, { ...mail, subject });
    await this.table.insert({ id, kind: mail.kind, userId: mail.userId, content, isDecoy });
    this.database.afterCommit(() => this.worker.wake());
  }
}
