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

/** Decides whether a user may continue a session, and ends the session if not. */
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
   * The current row of the user, if all login policies allow the refresh.
   *
   * @throws RefreshTokenInvalidError if a policy rejects it; the session is ended
   */
  async allowedUser(session: Session, context: SessionContext): Promise<UserBase> {
    const user = await this.users.findById(session.userId);
    if (!user) throw new RefreshTokenInvalidError();
    try {
      await this.policies.check(user, { ...context, amr: session.amr, kind: 'refresh' });
    } catch (error) {
      // A policy that fails (any other error) does not reject: the session stays, and the client may retry.
      if (!(error instanceof AuthError) || error.status >= 500) throw error;
      await this.database.independently(() => this.ender.end({ sessionIds: [session.id] }, 'refused-by-policy'));
      throw new RefreshTokenInvalidError(undefined, { cause: error });
    }
    return user;
  }

  /** Ends the session at the wish of the holder of its refresh token. */
  async endByUser({ id }: Session): Promise<void> {
    await this.ender.end({ sessionIds: [id] }, 'logout');
  }

  /**
   * Ends the session after the reuse of a refresh token: the thief and the owner cannot be distinguished.
   *
   * @returns the error to throw, which is the same as for any other rejected token
   * @see RFC 9700 §4.14.2
   */
  async endReused(session: Session, context: SessionContext): Promise<RefreshTokenInvalidError> {
    const { id: sessionId, userId } = session;
    // A separate transaction: the error rolls back the transaction of the caller.
    await this.database.independently(async () => {
      const ended = await this.ender.end({ sessionIds: [sessionId] }, 'refresh-token-reused');
      if (ended.length === 0) return;
      this.logger.warn(`Refresh token reuse detected; session ${sessionId} was ended`);
      const { userAgent, ipAddress } = context;
      this.events.publish(new RefreshTokenReused({ userId, sessionId, userAgent, ipAddress }));
    });
    return new RefreshTokenInvalidError();
  }
}
