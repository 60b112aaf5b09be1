import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { MailFailed } from '../mail.events.js';
import type { MailFailure } from '../mail.events.js';

/**
 * The time for which a claimed mail belongs to its replica. It is longer than an attempt may last. If the replica dies,
 * another replica sends the mail after this time.
 */
const LEASE_SECONDS = 180;

/** A mail that this replica sends. */
export interface ClaimedMail {
  readonly id: string;
  readonly kind: string;
  readonly userId: string | null;
  readonly content: Buffer;
  /** The number of attempts, including this one. Another claim changes it. */
  readonly attempts: number;
  /** Whether the mail has waited for more than a day. */
  readonly isExpired: boolean;
}

/** A mail as the mailbox shows it. */
export interface StoredMail {
  readonly id: string;
  readonly kind: string;
  readonly content: Buffer;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}

/**
 * The rows of the mails. A claim is one statement that moves `due_at` behind a lease: no transaction and no connection
 * is held while SMTP talks, so that a slow server can exhaust neither the pool nor the transaction ids of PostgreSQL.
 */
@Injectable()
export class OutboxTable {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /** Adds a mail in the current transaction. A decoy counts as sent a long time ago, so that no worker claims it. */
  async insert(mail: {
    id: string;
    kind: string;
    userId: string | undefined;
    content: Buffer;
    isDecoy: boolean;
  }): Promise<void> {
    await this.database.manager.query(
      'INSERT INTO outbox_mails (id, kind, user_id, content, sent_at) VALUES ($1, $2, $3, $4, $5)',
      [mail.id, mail.kind, mail.userId ?? null, mail.content, mail.isDecoy ? '-infinity' : null],
    );
  }

  /** Claims the mail that has been due for the longest time. */
  async claim(): Promise<ClaimedMail | undefined> {
    // TypeORM returns the rows and their number.
    const [[mail]] = await this.database.manager.query<[ClaimedMail[], number]>(
      `UPDATE outbox_mails SET due_at = clock_timestamp() + $1 * interval '1 second', attempts = attempts + 1
       WHERE id = (SELECT id FROM outbox_mails WHERE sent_at IS NULL AND due_at <= clock_timestamp()
                   ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, kind, user_id AS "userId", content, attempts,
                 created_at < clock_timestamp() - interval '1 day' AS "isExpired"`,
      [LEASE_SECONDS],
    );
    return mail;
  }

  /** Records that the mail was sent: deletes it, or keeps it for the mailbox. */
  async complete({ id }: ClaimedMail, isKept: boolean): Promise<void> {
    await this.database.manager.query(
      isKept
        ? 'UPDATE outbox_mails SET sent_at = clock_timestamp(), last_error = NULL WHERE id = $1'
        : 'DELETE FROM outbox_mails WHERE id = $1',
      [id],
    );
  }

  /** Ends the lease: the mail is due again after the delay, unless another replica has claimed it. */
  async retry({ id, attempts }: ClaimedMail, delaySeconds: number, reason: string): Promise<void> {
    await this.database.manager.query(
      `UPDATE outbox_mails SET due_at = clock_timestamp() + $3 * interval '1 second', last_error = $4
       WHERE id = $1 AND attempts = $2 AND sent_at IS NULL`,
      [id, attempts, delaySeconds, reason],
    );
  }

  /** Deletes the mail and publishes {@link MailFailed}, unless another replica has claimed it. */
  async giveUp({ id, kind, userId, attempts }: ClaimedMail, reason: MailFailure): Promise<void> {
    await this.database.transaction(async () => {
      const [, count] = await this.database.manager.query<[unknown[], number]>(
        'DELETE FROM outbox_mails WHERE id = $1 AND attempts = $2 AND sent_at IS NULL',
        [id, attempts],
      );
      if (count > 0) this.events.publish(new MailFailed(id, kind, userId ?? undefined, reason, attempts));
    });
  }

  /** The newest mails first, sent or not. */
  async newest(limit: number): Promise<StoredMail[]> {
    return this.database.manager.query<StoredMail[]>(
      `SELECT id, kind, content, attempts, last_error AS "lastError", created_at AS "createdAt", sent_at AS "sentAt"
       FROM outbox_mails WHERE sent_at IS DISTINCT FROM '-infinity' ORDER BY id DESC LIMIT $1`,
      [limit],
    );
  }

  /** Deletes mails that were sent before the last `keptSeconds`. Returns their number. */
  async deleteSent(keptSeconds: number, limit: number): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown[], number]>(
      `DELETE FROM outbox_mails WHERE id IN (
         SELECT id FROM outbox_mails WHERE sent_at < clock_timestamp() - $1 * interval '1 second' LIMIT $2)`,
      [keptSeconds, limit],
    );
    return count;
  }
}
