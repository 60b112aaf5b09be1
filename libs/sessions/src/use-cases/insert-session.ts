import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UserDeletion } from 'postern/users';
import type { UserBase, RelatedColumn } from 'postern/users';
import type { Session } from '../session.entity.js';

/** A database value that the authentication relied on. It must be unchanged when the session starts. */
export interface Precondition {
  readonly column: RelatedColumn;
  /** The value at the time of the authentication. The precondition fails if it is null. */
  readonly value: unknown;
}

/** Stores a new session, unless its user or the precondition of its login has changed. */
@Injectable()
export class InsertSession {
  constructor(
    private readonly database: Database,
    private readonly deletion: UserDeletion,
  ) {}

  /** Resolves when tokens of the user are valid, also if the user has just requested the deletion of the account. */
  async untilTokensAreValid(user: UserBase): Promise<void> {
    await this.deletion.untilTokensAreValid(user);
  }

  /**
   * Returns the number of live sessions before this one; undefined if the session was not stored. It cancels the
   * scheduled deletion of `user`. A deletion that was scheduled after `user` was read rejects the session.
   */
  async insert(
    session: Session,
    user: UserBase,
    precondition?: Precondition,
  ): Promise<{ readonly others: number } | undefined> {
    if (!user.deletionAt) return this.store(session, precondition);
    return this.database.transaction(async () => {
      const [row] = await this.database.manager.query<object[]>(
        `SELECT u.id FROM users u ${precondition?.column.joinFor('u.id', '$2') ?? ''}
         WHERE u.id = $1 AND u.disabled_at IS NULL FOR UPDATE`,
        [user.id, ...(precondition ? [precondition.value] : [])],
      );
      if (!row) return undefined;
      await this.deletion.cancel(user.id);
      return this.store(session, precondition);
    });
  }

  private async store(
    session: Session,
    precondition: Precondition | undefined,
  ): Promise<{ readonly others: number } | undefined> {
    // The row locks serialise this insert with a concurrent disabling or deletion of the user and with a change of the
    // precondition (such as the password hash): no session starts after one of them. The row of the user is locked
    // first, as a deletion does. Another order could deadlock.
    const [row] = await this.database.manager.query<{ others: number }[]>(
      `INSERT INTO sessions (id, user_id, seed, generation, user_agent, ip_address, amr,
         authenticated_at, created_at, last_used_at, expires_at)
       SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11
       FROM users u ${precondition?.column.joinFor('u.id', '$12') ?? ''}
       WHERE u.id = $2 AND u.disabled_at IS NULL AND u.deletion_at IS NULL FOR SHARE
       RETURNING (SELECT count(*)::int FROM sessions WHERE user_id = $2 AND ended_at IS NULL AND expires_at > $8) AS others`,
      [
        session.id,
        session.userId,
        session.seed,
        session.generation,
        session.userAgent,
        session.ipAddress,
        JSON.stringify(session.amr),
        session.authenticatedAt,
        session.createdAt,
        session.lastUsedAt,
        session.expiresAt,
        ...(precondition ? [precondition.value] : []),
      ],
    );
    return row;
  }
}
