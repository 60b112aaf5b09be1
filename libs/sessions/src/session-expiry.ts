import { Injectable } from '@nestjs/common';
import { Clock, MAX_CLOCK_TOLERANCE_SECONDS, MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS, SystemClock } from 'postern/auth';
import { CheckedTokensSettings } from 'postern/tokens';
import { CheckedSessionsSettings } from './checked-sessions-settings.js';
import type { Session } from './session.entity.js';

const MILLISECONDS = 1000;

/** When a session and its refresh tokens expire. */
@Injectable()
export class SessionExpiry {
  private readonly sessionTokenLifetimeSeconds: number;
  private readonly clockStart: number;

  constructor(
    private readonly settings: CheckedSessionsSettings,
    private readonly clock: Clock,
    tokens: CheckedTokensSettings,
  ) {
    this.clockStart = clock.now() - performance.now();
    this.sessionTokenLifetimeSeconds = tokens.sessionTokenLifetimeSeconds;
  }

  /** This moment. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /** When a session expires that is used now: the idle limit, and never beyond its longest life. */
  expiryOf(createdAt: Date): Date {
    const idle = this.clock.now() + this.settings.refreshTokenLifetimeSeconds * MILLISECONDS;
    return new Date(Math.min(idle, createdAt.getTime() + this.settings.sessionMaximumSeconds * MILLISECONDS));
  }

  /** Whole seconds until the session's current refresh token expires; never negative. */
  secondsLeft(session: Pick<Session, 'expiresAt'>): number {
    return Math.max(0, Math.round((session.expiresAt.getTime() - this.clock.now()) / MILLISECONDS));
  }

  /** Whether the session is neither ended nor expired. */
  isLive(session: Pick<Session, 'endedAt' | 'expiresAt'>): boolean {
    return session.endedAt === null && session.expiresAt.getTime() > this.clock.now();
  }

  /**
   * What to add to the database's time, in seconds, where two instants of different replicas are compared: how far the `Clock` has
   * been moved since the start, which is 0 for the clock of the machine. A constant difference between two clocks does not count.
   */
  get movedSeconds(): number {
    if (this.clock instanceof SystemClock) return 0;
    return (this.clock.now() - performance.now() - this.clockStart) / MILLISECONDS;
  }

  /**
   * Whether the token before the current one is still answered with the current one.
   *
   * @param now by the clock that wrote `rotatedAt`
   */
  isInGrace({ rotatedAt }: Pick<Session, 'rotatedAt'>, now = this.now()): boolean {
    return rotatedAt !== null && now.getTime() - rotatedAt.getTime() <= this.settings.graceSeconds * MILLISECONDS;
  }

  /** What expired or ended before this instant may be forgotten, seen from another. */
  forgottenBefore(now: Date): Date {
    // While a token of it is good, the session has to be there to be ended.
    const least = this.sessionTokenLifetimeSeconds + MAX_CLOCK_TOLERANCE_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;
    return new Date(now.getTime() - Math.max(this.settings.retentionSeconds, least) * MILLISECONDS);
  }
}
