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

/** What the proof of an identity rests on, and must still be true when the session begins. */
export interface Precondition {
  readonly column: RelatedColumn;
  /** What the fact said as it was proven; null never holds. */
  readonly value: unknown;
}

/** Makes a session of a proven identity. */
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
  async startProven(user: UserBase, context: SessionContext, proven?: Precondition): Promise<TokenPair | undefined> {
    await this.policies.check(user, { ...context, kind: 'login' });

    const session = this.sessionOf(user, context);
    const access = await this.tokens.accessToken(user, session);
    const inserted = await this.insert(session, proven);
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

  /** How many living sessions the user had before; undefined where this one is not inserted. */
  private async insert(session: Session, proven?: Precondition): Promise<{ readonly others: number } | undefined> {
    // A user who is disabled or deleted since the policies looked gets no session, nor does one whose password was changed since
    // it was proven: the locks on the rows make this wait for whoever is doing it, and make them wait for this. The user is locked
    // first, as by whoever deletes them: otherwise each could wait for the other.
    const [row] = await this.database.manager.query<{ others: number }[]>(
      `INSERT INTO sessions (id, user_id, seed, generation, user_agent, ip_address, amr,
         authenticated_at, created_at, last_used_at, expires_at)
       SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11
       FROM users u ${proven?.column.joinFor('u.id', '$12') ?? ''}
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
        ...(proven ? [proven.value] : []),
      ],
    );
    return row;
  }
}
