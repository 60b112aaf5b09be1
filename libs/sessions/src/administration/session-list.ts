import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { IsNull, LessThan, MoreThan } from 'typeorm';
import { SessionExpiry } from '../session-expiry.js';
import { Session } from '../session.entity.js';

/** The largest page size. */
export const MAX_SESSIONS_PAGE_SIZE = 100;

/** A page of live sessions. */
export interface SessionsPage {
  readonly sessions: readonly Session[];
  /** The id after which the next page begins; null on the last page. */
  readonly next: string | null;
}

/** Lists the live sessions of all users or of one user page by page, the newest first. */
@Injectable()
export class SessionList {
  constructor(
    private readonly database: Database,
    private readonly terms: SessionExpiry,
  ) {}

  /**
   * Returns at most `limit` sessions (clamped to 1 to {@link MAX_SESSIONS_PAGE_SIZE}) that are older than the session
   * with the id `after`. Ids are UUIDs of version 7, so their order is the order of creation.
   *
   * @param userId UUID; absent for all users
   */
  async list({ limit, after, userId }: { limit: number; after?: string; userId?: string }): Promise<SessionsPage> {
    const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_SESSIONS_PAGE_SIZE);
    const rows = await this.database.manager.find(Session, {
      where: {
        endedAt: IsNull(),
        expiresAt: MoreThan(this.terms.now()),
        ...(userId !== undefined && { userId }),
        ...(after !== undefined && { id: LessThan(after) }),
      },
      order: { id: 'DESC' },
      // The additional row shows whether there is a next page.
      take: size + 1,
    });
    const sessions = rows.slice(0, size);
    return { sessions, next: rows.length > size ? sessions.at(-1)!.id : null };
  }
}
