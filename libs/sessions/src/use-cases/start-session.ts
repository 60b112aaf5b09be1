import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, Events, uuidv7 } from 'postern/persistence';
import type { UserBase, RelatedColumn } from 'postern/users';
import { LoginPolicies } from '../login/login-policy.js';
import type { SessionContext } from '../login/session-context.js';
import { SessionTokens } from './session-tokens.js';
import type { TokenPair } from './session-tokens.js';
import { LimitSessions } from './limit-sessions.js';
import { SessionExpiry } from '../session-expiry.js';
import { Session } from '../session.entity.js';
import { AccountDisabledError } from '../sessions.errors.js';
import { SessionStarted } from '../sessions.events.js';

/** A database value that the authentication relied on. It must be unchanged when the session starts. */
export interface Precondition {
  readonly column: RelatedColumn;
  /** The value at the time of the authentication. The precondition fails if it is null. */
  readonly value: unknown;
}

/** Starts a session for an authenticated user. */
@Injectable()
export class StartSession {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly policies: LoginPolicies,
    private readonly tokens: SessionTokens,
    private readonly terms: SessionExpiry,
    private readonly limit: LimitSessions,
  ) {}

  /** @see SessionsService.start */
  async start(user: UserBase, context: SessionContext): Promise<TokenPair> {
    const pair = await this.startProven(user, context);
    if (!pair) throw new AccountDisabledError();
    return pair;
  }

  /** @see SessionsService.startProven */
  async startProven(
    user: UserBase,
    context: SessionContext,
    precondition?: Precondition,
  ): Promise<TokenPair | undefined> {
    await this.policies.check(user, { ...context, kind: 'login' });

    const session = this.sessionOf(user, context);
    const access = await this.tokens.accessToken(user, session);
    const inserted = await this.insert(session, precondition);
    if (!inserted) return undefined;

    const { id: sessionId, userId } = session;
    const { userAgent, ipAddress } = context;
    this.events.publish(new SessionStarted({ userId, sessionId, userAgent, ipAddress }, session.amr));
    await this.limit.keep(session, inserted.others);
    return this.tokens.pair(access, session);
  }

  private sessionOf(user: UserBase, context: SessionContext): Session {
    const now = this.terms.now();
    return Object.assign(new Session(), {
      id: uuidv7(),
      userId: user.id,
      seed: randomBytes(32),
      generation: 0,
      userAgent: context.userAgent ?? null,
      ipAddress: context.ipAddress ?? null,
      amr: [...context.amr],
      authenticatedAt: now,
      createdAt: now,
      lastUsedAt: now,
      rotatedAt: null,
      expiresAt: this.terms.expiryOf(now),
      endedAt: null,
      endedReason: null,
    });
  }

  /** The number of live sessions before this one; undefined if the session was not inserted. */
  private async insert(
    session: Session,
    precondition?: Precondition,
  ): Promise<{ readonly others: number } | undefined> {
    // The row locks serialise this insert with a concurrent disabling or deletion of the user and with a change of the
    // precondition (such as the password hash): no session starts after one of them. The row of the user is locked
    // first, as a deletion does. Another order could deadlock.
    const [row] = await this.database.manager.query<{ others: number }[]>(
      `INSERT INTO sessions (id, user_id, seed, generation, user_agent, ip_address, amr,
         authenticated_at, created_at, last_used_at, expires_at)
       SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11
       FROM users u ${precondition?.column.joinFor('u.id', '$12') ?? ''}
       WHERE u.id = $2 AND u.disabled_at IS NULL FOR SHARE
       RETURNING (SELECT count(*)::int FROM sessions WHERE user_id = $2 AND ended_at IS NULL AND expires_at > $8) AS others`,
      [
        session.id,
        session.userId,
        session.seed,
        session.generation,
        session.userAgent,
        session.ipAddress,
        JSON.stringify(session.amr),
        session.authenticatedAt,
        session.createdAt,
        session.lastUsedAt,
        session.expiresAt,
        ...(precondition ? [precondition.value] : []),
      ],
    );
    return row;
  }
}
