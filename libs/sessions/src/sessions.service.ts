import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import type { UserBase } from 'postern/users';
import { IsNull, MoreThan } from 'typeorm';
import type { SessionContext } from './login/session-context.js';
import { EndSessions } from './use-cases/end-sessions.js';
import type { TokenPair } from './use-cases/session-tokens.js';
import { RefreshSession } from './use-cases/refresh-session.js';
import { StartSession } from './use-cases/start-session.js';
import type { Precondition } from './use-cases/insert-session.js';
import { SessionExpiry } from './session-expiry.js';
import { Session } from './session.entity.js';

/** Starts, refreshes, lists and ends the sessions of users. */
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
   * Starts a session for a user whom the caller has just authenticated. It cancels the scheduled deletion of the user.
   *
   * @param user the row of the user, read in this request
   * @param context the result of `sessionContextOf(request, ['pwd'])`
   * @throws AuthError if a login policy rejects the user, such as AccountDisabledError
   */
  start(user: UserBase, context: SessionContext): Promise<TokenPair> {
    return this.starter.start(user, context);
  }

  /**
   * Starts a session as `start` does, if a value in the database, such as the password hash, is unchanged and the user
   * is neither disabled nor deleted. A later change waits for this transaction, and then ends the session (CWE-613).
   *
   * @param precondition the value that the authentication relied on
   * @returns undefined if the value has changed; the caller authenticates the user again
   * @throws AuthError if a login policy rejects the user
   */
  startProven(user: UserBase, context: SessionContext, precondition: Precondition): Promise<TokenPair | undefined> {
    return this.starter.startProven(user, context, precondition);
  }

  /**
   * Exchanges a refresh token for a new access token and the one successor of the refresh token. Within the grace
   * window, the used token returns the same successor again. Later, or after the successor was used, its reuse ends the
   * session.
   *
   * @throws RefreshTokenInvalidError for each rejected token, with the same error for all reasons
   * @see RFC 9700 §4.14.2
   */
  refresh(refreshToken: string, context: SessionContext): Promise<TokenPair> {
    return this.refresher.refresh(refreshToken, context);
  }

  /**
   * Ends a session. This server rejects its refresh token and its access tokens from the commit on.
   *
   * @param sessionId UUID
   * @param reason kebab-case, at most 32 characters
   * @returns whether this call ended it; `false` if there is no such session, or if it has already ended
   */
  async revoke(sessionId: string, reason: string): Promise<boolean> {
    return (await this.ender.end({ sessionIds: [sessionId] }, reason)).length > 0;
  }

  /**
   * Ends the session of a refresh token, for a logout. An old refresh token counts as stolen, as at `refresh`: its
   * session ends with `RefreshTokenReused`. An unknown or forged token, or one of an ended session, has no effect.
   *
   * @see RFC 7009 §2.2
   */
  revokeByRefreshToken(refreshToken: string, context: SessionContext): Promise<void> {
    return this.refresher.logOut(refreshToken, context);
  }

  /**
   * Ends all sessions of a user, optionally except one.
   *
   * @param userId UUID
   * @returns the number of ended sessions
   */
  async revokeAll(userId: string, { except, reason }: { except?: string; reason: string }): Promise<number> {
    return (await this.ender.end({ userId, ...(except && { except }) }, reason)).length;
  }

  /**
   * Ends a session if it belongs to this user.
   *
   * @returns whether this call ended it
   */
  async revokeOwn(userId: string, sessionId: string, reason: string): Promise<boolean> {
    return (await this.ender.end({ userId, sessionIds: [sessionId] }, reason)).length > 0;
  }

  /** The live sessions of a user, the most recently used first. */
  list(userId: string): Promise<Session[]> {
    return this.database.manager.find(Session, {
      where: { userId, endedAt: IsNull(), expiresAt: MoreThan(this.terms.now()) },
      order: { lastUsedAt: 'DESC', id: 'DESC' },
    });
  }
}
