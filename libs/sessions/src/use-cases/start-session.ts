import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Events, uuidv7 } from 'postern/persistence';
import type { UserBase } from 'postern/users';
import { LoginPolicies } from '../login/login-policy.js';
import type { SessionContext } from '../login/session-context.js';
import { SessionTokens } from './session-tokens.js';
import type { TokenPair } from './session-tokens.js';
import { InsertSession } from './insert-session.js';
import type { Precondition } from './insert-session.js';
import { LimitSessions } from './limit-sessions.js';
import { SessionExpiry } from '../session-expiry.js';
import { Session } from '../session.entity.js';
import { AccountDisabledError } from '../sessions.errors.js';
import { SessionStarted } from '../sessions.events.js';

/** Starts a session for an authenticated user. */
@Injectable()
export class StartSession {
  constructor(
    private readonly inserter: InsertSession,
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
    await this.inserter.untilTokensAreValid(user);

    const session = this.sessionOf(user, context);
    const access = await this.tokens.accessToken(user, session);
    const inserted = await this.inserter.insert(session, user, precondition);
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
}
