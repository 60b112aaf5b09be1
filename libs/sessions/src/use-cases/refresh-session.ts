import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { RefreshChecks } from './refresh-checks.js';
import { readRefreshToken } from '../refresh-token.js';
import type { SessionContext } from '../login/session-context.js';
import { SessionTokens } from './session-tokens.js';
import type { TokenPair } from './session-tokens.js';
import { SessionExpiry } from '../session-expiry.js';
import type { Session } from '../session.entity.js';
import { RefreshTokenInvalidError } from '../sessions.errors.js';
import { SessionRefreshed } from '../sessions.events.js';

/** Exchanges a refresh token for its one successor. */
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
    const token = readRefreshToken(refreshToken);
    if (!token) throw new RefreshTokenInvalidError();
    const session = await this.find(token.sessionId);
    if (!session || !this.tokens.isGenuine(token, session)) throw new RefreshTokenInvalidError();
    if (!this.terms.isLive(session)) throw new RefreshTokenInvalidError();

    // RFC 9700 §4.14.2: a spent token is a stolen one, but for the one just spent, whose answer may have been lost.
    // One ahead of its row was written here, and the database has lost the row's last changes, as by a fail-over: nobody spent it.
    const isUnspent = token.generation >= session.generation;
    const isJustSpent = token.generation === session.generation - 1 && this.terms.isInGrace(session, session.readAt);
    if (!isUnspent && !isJustSpent) throw await this.checks.endReused(session, context);

    const user = await this.checks.allowedUser(session, context);
    // Issued before the row is asked, so that no access token is younger than the proof that its session lives: a
    // session or a subject revoked meanwhile takes this one with it.
    const access = await this.tokens.accessToken(user, session);
    if (isUnspent) {
      const rotated = await this.rotate(session, token.generation + 1, context);
      if (rotated) return this.tokens.pair(access, rotated);
    }
    // Either the grace window, or another request was faster by a moment: both get what that one got.
    const present = await this.find(session.id);
    if (!present || !this.terms.isLive(present)) throw new RefreshTokenInvalidError();
    // Where this one was held up, its successor may be spent as well: whoever spent that has the one after it. It was not yet
    // spent when it came, so nothing is proven against it.
    if (present.generation !== token.generation + 1) throw new RefreshTokenInvalidError();
    return this.tokens.pair(access, present);
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

/** A session, and the instant at which it was read, by the clock of `rotatedAt`. */
interface FoundSession extends Session {
  readonly readAt: Date;
}

// The database's clock alone measures the grace window: the replica that rotated may have another time than this one.
// Plain SQL, because this is the busiest path of the server, and TypeORM's builders cost more than the round trips.
const FIND_SESSION = `SELECT id, user_id AS "userId", seed, generation, user_agent AS "userAgent", ip_address AS "ipAddress",
    amr, authenticated_at AS "authenticatedAt", created_at AS "createdAt", last_used_at AS "lastUsedAt",
    rotated_at AS "rotatedAt", clock_timestamp() + make_interval(secs => $2) AS "readAt", expires_at AS "expiresAt", ended_at AS "endedAt", ended_reason AS "endedReason"
  FROM sessions WHERE id = $1`;

// Of any number of requests with one token exactly one finds the generation that it has read.
const ROTATE_SESSION = `UPDATE sessions SET generation = $7, last_used_at = greatest(last_used_at, $3),
    rotated_at = clock_timestamp() + make_interval(secs => $8), expires_at = $4, user_agent = $5, ip_address = $6
  WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > $3`;
