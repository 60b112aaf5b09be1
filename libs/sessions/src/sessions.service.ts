import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import type { UserBase } from 'postern/users';
import { IsNull, MoreThan } from 'typeorm';
import type { SessionContext } from './login/session-context.js';
import { EndSessions } from './use-cases/end-sessions.js';
import type { TokenPair } from './use-cases/session-tokens.js';
import { RefreshSession } from './use-cases/refresh-session.js';
import { StartSession } from './use-cases/start-session.js';
import type { Precondition } from './use-cases/start-session.js';
import { SessionExpiry } from './session-expiry.js';
import { Session } from './session.entity.js';

/** The sessions of users: the only door through which a proof of identity becomes tokens. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly starter: StartSession,
    private readonly refresher: RefreshSession,
    private readonly ender: EndSessions,
    private readonly database: Database,
    private readonly terms: SessionExpiry,
  ) {}

  /**
   * Gives a user, whose identity the caller has just proven, a session and its first tokens.
   *
   * @param user as read from the database in this very request
   * @param context of `sessionContextOf(request, ['pwd'])`
   * @throws AuthError what a login policy refuses with, such as AccountDisabledError
   */
  start(user: UserBase, context: SessionContext): Promise<TokenPair> {
    return this.starter.start(user, context);
  }

  /**
   * The same for a proof that rests on what the database says, as on the hash of a password: where that has changed since, or
   * the user was disabled or deleted, no session begins. A change that comes later waits, and then finds the session to end
   * (CWE-613).
   *
   * @param proven what must still be true
   * @returns undefined where it is not, so that what holds now must be proven
   * @throws AuthError what a login policy refuses with
   */
  startProven(user: UserBase, context: SessionContext, proven: Precondition): Promise<TokenPair | undefined> {
    return this.starter.startProven(user, context, proven);
  }

  /**
   * Exchanges a refresh token for a fresh access token and the refresh token's one successor. Presented again within
   * the grace window it yields that same successor; presented later, or after the successor was used, it ends
   * the session.
   *
   * @throws RefreshTokenInvalidError for every token that is refused, whatever the reason
   * @see RFC 9700 §4.14.2
   */
  refresh(refreshToken: string, context: SessionContext): Promise<TokenPair> {
    return this.refresher.refresh(refreshToken, context);
  }

  /**
   * Ends a session: its refresh token and its access tokens are refused by this server from the moment of the commit.
   *
   * @param sessionId UUID
   * @param reason kebab-case, at most 32 characters
   * @returns whether this call has ended it: `false` where there was none, or it had ended before
   */
  async revoke(sessionId: string, reason: string): Promise<boolean> {
    return (await this.ender.end({ sessionIds: [sessionId] }, reason)).length > 0;
  }

  /**
   * Ends all sessions of a user, or all but one.
   *
   * @param userId UUID
   * @returns how many were ended
   */
  async revokeAll(userId: string, { except, reason }: { except?: string; reason: string }): Promise<number> {
    return (await this.ender.end({ userId, ...(except && { except }) }, reason)).length;
  }

  /**
   * Ends a session of this user, and nobody else's.
   *
   * @returns whether there was one to end
   */
  async revokeOwn(userId: string, sessionId: string, reason: string): Promise<boolean> {
    return (await this.ender.end({ userId, sessionIds: [sessionId] }, reason)).length > 0;
  }

  /** The live sessions of a user, the last used first. */
  list(userId: string): Promise<Session[]> {
    return this.database.manager.find(Session, {
      where: { userId, endedAt: IsNull(), expiresAt: MoreThan(this.terms.now()) },
      order: { lastUsedAt: 'DESC', id: 'DESC' },
    });
  }
}
