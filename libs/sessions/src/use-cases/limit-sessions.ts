import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { EndSessions } from './end-sessions.js';
import { CheckedSessionsSettings } from '../checked-sessions-settings.js';
import { SessionExpiry } from '../session-expiry.js';
import type { Session } from '../session.entity.js';

/** So many logins of one user at the same moment may not have seen each other. */
const UNSEEN = 32;
/** So many are ended at once at most; what is left is ended by the next logins. */
const ENDED_AT_ONCE = 1000;
/** The first half of the advisory lock; the second half is the user's. */
const LOCK = 0x5e55;

/**
 * Keeps the sessions of a user within their number: whoever begins one more ends the one that was not used for the longest time. A
 * script that logs in each minute and never out would otherwise have forty thousand after a month.
 */
@Injectable()
export class LimitSessions {
  constructor(
    private readonly database: Database,
    private readonly ender: EndSessions,
    private readonly terms: SessionExpiry,
    private readonly settings: CheckedSessionsSettings,
  ) {}

  /**
   * Ends what is too much beside a session that has just begun, and never that one.
   *
   * @param others how many the user had before it
   */
  async keep({ id, userId }: Session, others: number): Promise<void> {
    const { sessionsPerUser } = this.settings;
    if (others + UNSEEN < sessionsPerUser) return;
    await this.database.transaction(async () => {
      // Two who begin at the same moment would each end the other's.
      await this.database.manager.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK, numberOf(userId)]);
      const surplus = await this.database.manager.query<{ id: string }[]>(
        `SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         ORDER BY id = $3 DESC, last_used_at DESC, id DESC OFFSET $4 LIMIT ${ENDED_AT_ONCE}`,
        [userId, this.terms.now(), id, sessionsPerUser],
      );
      if (surplus.length === 0) return;
      await this.ender.end({ userId, sessionIds: surplus.map((session) => session.id) }, 'too-many-sessions');
    });
  }
}

/** The last 32 bits of a UUID, which are random, as PostgreSQL's `integer`. */
function numberOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-8), 16) | 0;
}
