import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';

/** The hash of another system for a new user. */
export interface NewForeignPassword {
  /** The id of the user (UUID). */
  readonly userId: string;
  /** The result of `storedFormOf`. */
  readonly stored: string;
}

/** Stores the hashes of other systems. The next login of each user replaces the hash by one of the own hasher. */
@Injectable()
export class ForeignPasswords {
  constructor(private readonly database: Database) {}

  /**
   * Stores the passwords of users who have none, in one statement. An existing password stays. Joins the current
   * transaction.
   */
  async store(passwords: readonly NewForeignPassword[]): Promise<void> {
    if (passwords.length === 0) return;
    await this.database.manager.query(
      `INSERT INTO password_credentials (user_id, hash, changed_at)
       SELECT user_id, hash, now() FROM unnest($1::uuid[], $2::text[]) AS t (user_id, hash) ON CONFLICT DO NOTHING`,
      [passwords.map(({ userId }) => userId), passwords.map(({ stored }) => stored)],
    );
  }
}
