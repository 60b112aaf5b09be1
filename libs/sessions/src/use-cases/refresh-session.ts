import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { RefreshChecks } from './refresh-checks.js';
import { readRefreshToken } from '../refresh-token.js';
import type { RefreshTokenParts } from '../refresh-token.js';
import type { SessionContext } from '../login/session-context.js';
import { SessionTokens } from './session-tokens.js';
import type { TokenPair } from './session-tokens.js';
import { SessionExpiry } from '../session-expiry.js';
import type { Session } from '../session.entity.js';
import { RefreshTokenInvalidError } from '../sessions.errors.js';
import { SessionRefreshed } from '../sessions.events.js';

/** Exchanges a refresh token for its one successor, or ends its session. */
@Injectable()
export class RefreshSession {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly checks: RefreshChecks,
    private readonly tokens: SessionTokens,
    private readonly terms: SessionExpiry,
  ) {}

  /** @see SessionsService.refresh */
  async refresh(refreshToken: string, context: SessionContext): Promise<TokenPair> {
    const { token, session, isUnspent } = await this.accept(refreshToken, context);
    const user = await this.checks.allowedUser(session, context);
    // Issue the access token before the row is checked again: then a revocation of the session or of the subject in
    // the meantime also covers this token.
    const access = await this.tokens.accessToken(user, session);
    if (isUnspent) {
      const rotated = await this.rotate(session, token.generation + 1, context);
      if (rotated) return this.tokens.pair(access, rotated);
    }
    // Within the grace window, or after a concurrent request rotated first: return the token of that rotation.
    const current = await this.find(session.id);
    if (!current || !this.terms.isLive(current)) throw new RefreshTokenInvalidError();
    // If this request was slow, its successor may already have been rotated. Reject it without ending the session: the
    // token was valid when the request arrived.
    if (current.generation !== token.generation + 1) throw new RefreshTokenInvalidError();
    return this.tokens.pair(access, current);
  }

  /** @see SessionsService.revokeByRefreshToken */
  async logOut(refreshToken: string, context: SessionContext): Promise<void> {
    try {
      const { session } = await this.accept(refreshToken, context);
      await this.checks.endByUser(session);
    } catch (error) {
      // RFC 7009 §2.2: an invalid token is not an error, because the purpose of the request is fulfilled.
      if (!(error instanceof RefreshTokenInvalidError)) throw error;
    }
  }

  /** @throws RefreshTokenInvalidError unless the token is the current one, or the previous one in its grace window */
  private async accept(refreshToken: string, context: SessionContext): Promise<AcceptedToken> {
    const token = readRefreshToken(refreshToken);
    if (!token) throw new RefreshTokenInvalidError();
    const session = await this.find(token.sessionId);
    if (!session || !this.tokens.isGenuine(token, session)) throw new RefreshTokenInvalidError();
    if (!this.terms.isLive(session)) throw new RefreshTokenInvalidError();

    // RFC 9700 §4.14.2: reuse means theft, except within the grace window, because the response may have been lost.
    // A generation newer than the row means that the database lost the last rotation (failover). The token is unused.
    const isUnspent = token.generation >= session.generation;
    const isJustSpent = token.generation === session.generation - 1 && this.terms.isInGrace(session, session.readAt);
    if (!isUnspent && !isJustSpent) throw await this.checks.endReused(session, context);
    return { token, session, isUnspent };
  }

  private async find(id: string): Promise<FoundSession | undefined> {
    const rows = await this.database.manager.query<FoundSession[]>(FIND_SESSION, [id, this.terms.movedSeconds]);
    return rows[0];
  }

  private async rotate(
    session: Session,
    generation: number,
    { userAgent, ipAddress }: SessionContext,
  ): Promise<Session | undefined> {
    const now = this.terms.now();
    const change = {
      generation,
      lastUsedAt: now,
      expiresAt: this.terms.expiryOf(session.createdAt),
      userAgent: userAgent ?? session.userAgent,
      ipAddress: ipAddress ?? session.ipAddress,
    };
    const [, count] = await this.database.manager.query<[unknown, number]>(ROTATE_SESSION, [
      session.id,
      session.generation,
      now,
      change.expiresAt,
      change.userAgent,
      change.ipAddress,
      generation,
      this.terms.movedSeconds,
    ]);
    if (count !== 1) return undefined;
    const { id: sessionId, userId } = session;
    this.events.publish(new SessionRefreshed({ userId, sessionId, userAgent, ipAddress }));
    return Object.assign(session, change);
  }
}

interface AcceptedToken {
  readonly token: RefreshTokenParts;
  readonly session: FoundSession;
  /** Whether the token has not been exchanged yet. */
  readonly isUnspent: boolean;
}

/** A session, and when it was read by the clock of the database. */
interface FoundSession extends Session {
  readonly readAt: Date;
}

// The clock of the database measures the grace window, because the clocks of two replicas may differ.
// Plain SQL: this is the busiest path of the server, and TypeORM's query builder costs more than the round trips.
const FIND_SESSION = `SELECT id, user_id AS "userId", seed, generation, user_agent AS "userAgent", ip_address AS "ipAddress",
    amr, authenticated_at AS "authenticatedAt", created_at AS "createdAt", last_used_at AS "lastUsedAt",
    rotated_at AS "rotatedAt", clock_timestamp() + make_interval(secs => $2) AS "readAt", expires_at AS "expiresAt",
    ended_at AS "endedAt", ended_reason AS "endedReason"
  FROM sessions WHERE id = $1`;

// A compare-and-swap: of concurrent requests with the same token, exactly one updates the row.
const ROTATE_SESSION = `UPDATE sessions SET generation = $7, last_used_at = greatest(last_used_at, $3),
    rotated_at = clock_timestamp() + make_interval(secs => $8), expires_at = $4, user_agent = $5, ip_address = $6
  WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > $3`;
