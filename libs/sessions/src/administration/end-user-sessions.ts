import { Injectable, Optional } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { Database } from 'postern/persistence';
import { UserRoles } from 'postern/users';
import { EndSessions } from '../use-cases/end-sessions.js';

const REASON = 'ended-by-administrator';

/** Ends sessions of a user on behalf of an administrator who has every permission of the user. */
@Injectable()
export class EndUserSessions {
  constructor(
    private readonly database: Database,
    private readonly ender: EndSessions,
    @Optional() private readonly roles?: UserRoles,
  ) {}

  /**
   * Ends the session, or without one all sessions of the user.
   *
   * @param userId UUID
   * @param sessionId UUID
   * @returns the number of ended sessions
   * @throws UserHasMoreRightsError
   */
  end(userId: string, caller: Principal, sessionId?: string): Promise<number> {
    return this.database.transaction(async () => {
      await this.roles?.assertMayAdminister(userId, caller);
      const ended = await this.ender.end({ userId, ...(sessionId && { sessionIds: [sessionId] }) }, REASON);
      return ended.length;
    });
  }
}
