import { Injectable, Logger } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { AuthError } from 'postern/problem';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { LoginPolicies } from '../login/login-policy.js';
import type { SessionContext } from '../login/session-context.js';
import { EndSessions } from './end-sessions.js';
import type { Session } from '../session.entity.js';
import { RefreshTokenInvalidError } from '../sessions.errors.js';
import { RefreshTokenReused } from '../sessions.events.js';

/** Who may go on with a session; whoever may not loses it. */
@Injectable()
export class RefreshChecks {
  private readonly logger = new Logger(RefreshChecks.name);

  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly users: UsersService,
    private readonly policies: LoginPolicies,
    private readonly ender: EndSessions,
  ) {}

  /**
   * The user as they are now, whom every login policy lets in again.
   *
   * @throws RefreshTokenInvalidError where one does not; the session is ended
   */
  async allowedUser(session: Session, context: SessionContext): Promise<UserBase> {
    const user = await this.users.findById(session.userId);
    if (!user) throw new RefreshTokenInvalidError();
    try {
      await this.policies.check(user, { ...context, amr: session.amr, kind: 'refresh' });
    } catch (error) {
      // A policy that fails is not a policy that refuses: the session stays, and the caller may try again.
      if (!(error instanceof AuthError) || error.status >= 500) throw error;
      await this.database.independently(() => this.ender.end({ sessionIds: [session.id] }, 'refused-by-policy'));
      throw new RefreshTokenInvalidError(undefined, { cause: error });
    }
    return user;
  }

  /**
   * Answers a spent token that came back: somebody has a copy, and nobody can tell who, so the session ends for both.
   *
   * @returns the error to throw, which looks like that of any other refused token
   * @see RFC 9700 §4.14.2
   */
  async endReused(session: Session, context: SessionContext): Promise<RefreshTokenInvalidError> {
    const { id: sessionId, userId } = session;
    // Its own transaction: what the caller has open is rolled back by the refusal.
    await this.database.independently(async () => {
      const ended = await this.ender.end({ sessionIds: [sessionId] }, 'refresh-token-reused');
      if (ended.length === 0) return;
      this.logger.warn(`A spent refresh token came back; session ${sessionId} was ended`);
      const { userAgent, ipAddress } = context;
      this.events.publish(new RefreshTokenReused({ userId, sessionId, userAgent, ipAddress }));
    });
    return new RefreshTokenInvalidError();
  }
}
