import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { DatabaseRevocationPublisher } from 'postern/revocations';
import { SessionExpiry } from '../session-expiry.js';
import { SessionRevoked } from '../sessions.events.js';

/** Which sessions to end. */
export interface SessionSelection {
  /** UUID of the user. */
  readonly userId?: string;
  /** UUIDs of the only ones. */
  readonly sessionIds?: readonly string[];
  /** UUID of the one session that lives on. */
  readonly except?: string;
}

/** Ends sessions so that their refresh tokens and their access tokens die in the same moment. */
@Injectable()
export class EndSessions {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly revocations: DatabaseRevocationPublisher,
    private readonly terms: SessionExpiry,
  ) {}

  /**
   * Ends what is selected and not yet ended, together with the revocations of it, in the ambient transaction or one
   * of its own.
   *
   * @param reason at most 32 characters
   * @returns the ids of the sessions that this very call has ended
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
    // Selecting nothing would otherwise select everything.
    if (!userId && !sessionIds) throw new Error('Name the session to end, or the user whose sessions to end.');
    // An expiry that is past lets one index find both kinds of rows that may be forgotten. Locked in the order of
    // their ids, so that two who end the same sessions cannot wait for each other.
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
