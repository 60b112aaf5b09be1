import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { EndSessions } from './end-sessions.js';
import { CheckedSessionsSettings } from '../checked-sessions-settings.js';
import { SessionExpiry } from '../session-expiry.js';
import type { Session } from '../session.entity.js';

/** Concurrent logins cannot see each other's rows: up to 32 sessions more than the count may exist. */
const MAX_UNSEEN = 32;
/** The maximum number of sessions that one login ends. The next logins end the rest. */
const MAX_ENDED = 1000;
/** The first key of the advisory lock. The second key is computed from the user's id. */
const LOCK = 0x5e55;

/**
 * Limits the number of sessions of a user: the login that exceeds it ends the least recently used session. Otherwise a
 * script that logs in each minute and never logs out would have forty thousand sessions after a month.
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
   * Ends the surplus sessions of the user after a login, but not the new session.
   *
   * @param others the number of live sessions before the login
   */
  async keep({ id, userId }: Session, others: number): Promise<void> {
    const { sessionsPerUser } = this.settings;
    if (others + MAX_UNSEEN < sessionsPerUser) return;
    await this.database.transaction(async () => {
      // Without the lock, each of two concurrent logins would end the session of the other.
      await this.database.manager.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK, numberOf(userId)]);
      const surplus = await this.database.manager.query<{ id: string }[]>(
        `SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         ORDER BY id = $3 DESC, last_used_at DESC, id DESC OFFSET $4 LIMIT ${MAX_ENDED}`,
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
