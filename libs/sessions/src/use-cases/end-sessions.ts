import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { DatabaseRevocationPublisher } from 'postern/revocations';
import { SessionExpiry } from '../session-expiry.js';
import { SessionRevoked } from '../sessions.events.js';

/** Selects the sessions to end. */
export interface SessionSelection {
  /** UUID of the user. */
  readonly userId?: string;
  /** UUIDs of the sessions. */
  readonly sessionIds?: readonly string[];
  /** UUID of a session that is not ended. */
  readonly except?: string;
}

/** Ends sessions. Their refresh tokens and their access tokens become invalid in the same transaction. */
@Injectable()
export class EndSessions {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly revocations: DatabaseRevocationPublisher,
    private readonly terms: SessionExpiry,
  ) {}

  /**
   * Ends the selected sessions that have not ended, and publishes their revocations. Both happen in the current
   * transaction, or in a new one.
   *
   * @param reason at most 32 characters
   * @returns the ids of the sessions that this call ended
   */
  end(selection: SessionSelection, reason: string): Promise<string[]> {
    return this.database.transaction(async () => {
      const ended = await this.markEnded(selection, reason);
      await this.revocations.publishAll(
        ended.map(({ id, lastUsedAt }) => ({ kind: 'session', target: id, reason, lastIssuedAt: lastUsedAt })),
      );
      for (const { id, userId } of ended) this.events.publish(new SessionRevoked(userId, id, reason));
      return ended.map(({ id }) => id);
    });
  }

  private async markEnded({ userId, sessionIds, except }: SessionSelection, reason: string): Promise<EndedRow[]> {
    // An empty selection would select all sessions.
    if (!userId && !sessionIds) throw new Error('Select sessions by `userId` or by `sessionIds`.');
    // Setting `expires_at` lets the cleanup find ended and expired rows by one index. Locking in the order of the ids
    // prevents a deadlock between two calls that end the same sessions.
    const [rows] = await this.database.manager.query<[EndedRow[], number]>(
      `UPDATE sessions SET ended_at = $1, ended_reason = $2, expires_at = LEAST(expires_at, $1)
       WHERE id IN (
         SELECT id FROM sessions
         WHERE ended_at IS NULL AND ($3::uuid IS NULL OR user_id = $3) AND ($4::uuid[] IS NULL OR id = ANY($4))
           AND ($5::uuid IS NULL OR id <> $5)
         ORDER BY id FOR UPDATE
       )
       RETURNING id, user_id AS "userId", last_used_at AS "lastUsedAt"`,
      [this.terms.now(), reason, userId ?? null, sessionIds ?? null, except ?? null],
    );
    return rows;
  }
}

interface EndedRow {
  readonly id: string;
  readonly userId: string;
  readonly lastUsedAt: Date;
}
