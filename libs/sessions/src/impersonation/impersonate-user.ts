import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import type { Principal } from 'postern/auth';
import { Database, Events } from 'postern/persistence';
import type { IssuedAccessToken } from 'postern/tokens';
import { UserNotFoundError } from 'postern/users';
import { SessionExpiry } from '../session-expiry.js';
import { Session } from '../session.entity.js';
import { SessionMissingError } from '../sessions.errors.js';
import { UserImpersonated } from '../sessions.events.js';
import { SessionTokens } from '../use-cases/session-tokens.js';
import { ImpersonationRules } from './impersonation-rules.js';

/** Issues a short access token by which an administrator acts as a user. */
@Injectable()
export class ImpersonateUser {
  constructor(
    private readonly rules: ImpersonationRules,
    private readonly database: Database,
    private readonly events: Events,
    private readonly tokens: SessionTokens,
    private readonly terms: SessionExpiry,
  ) {}

  /**
   * The token names the user (`sub`), the caller (`act`), and the session of the caller (`sid`), so it ends with that
   * session, and when the caller loses the permission `users:impersonate`. There is no refresh token, and the token
   * does not state how the user authenticated.
   *
   * @throws ImpersonationDisabledError @throws SessionMissingError @throws UserNotFoundError
   * @throws AccountDisabledError
   * @throws AuthError if the user is an administrator, or has a permission that the caller does not have
   * @see RFC 8693 §4.1
   */
  async impersonate(userId: string, caller: Principal): Promise<IssuedAccessToken> {
    const lifetimeSeconds = this.rules.maximumSeconds();
    const { sessionId } = caller;
    if (sessionId === undefined || !isUUID(sessionId) || !isUUID(caller.subject)) throw new SessionMissingError();
    if (!isUUID(userId)) throw new UserNotFoundError();
    return this.database.transaction(async () => {
      // The lock delays a new role, a disabling, and a deletion until the token is issued. A disabling then revokes it.
      // The caller keeps its roles for as long, too: a role that is taken later is revoked in this token.
      await this.database.manager.query('SELECT FROM users WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE', [
        [userId, caller.subject],
      ]);
      const user = await this.rules.enabledUser(userId);
      const session = await this.touched(sessionId, caller.subject);
      const claims = await this.tokens.claimsOf(user, Object.assign(session, { userId: user.id, amr: [] }));
      await this.rules.assertMayHave(claims.roles, caller);
      this.events.publish(new UserImpersonated(caller.subject, user.id, sessionId, lifetimeSeconds));
      const actor = { subject: caller.subject, roles: this.rules.impersonatingRolesOf(caller) };
      return this.tokens.issue(claims, { actor, lifetimeSeconds });
    });
  }

  /**
   * The live session of the caller, used now: the revocation of a session lasts as long as the last token that was
   * issued for it, and an ending session waits for this transaction.
   */
  private async touched(sessionId: string, userId: string): Promise<Session> {
    const { manager } = this.database;
    const now = this.terms.now();
    const [, count] = await manager.query<[unknown, number]>(
      `UPDATE sessions SET last_used_at = greatest(last_used_at, $3)
       WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3`,
      [sessionId, userId, now],
    );
    if (count === 0) throw new SessionMissingError();
    return manager.findOneByOrFail(Session, { id: sessionId });
  }
}
