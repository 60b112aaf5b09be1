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

  /** The current time. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /** When a session expires if it is used now: after the idle limit, but not after its maximum lifetime. */
  expiryOf(createdAt: Date): Date {
    const idle = this.clock.now() + this.settings.refreshTokenLifetimeSeconds * MILLISECONDS;
    return new Date(Math.min(idle, createdAt.getTime() + this.settings.sessionMaximumSeconds * MILLISECONDS));
  }

  /** Whole seconds until the current refresh token of the session expires; never negative. */
  secondsLeft(session: Pick<Session, 'expiresAt'>): number {
    return Math.max(0, Math.round((session.expiresAt.getTime() - this.clock.now()) / MILLISECONDS));
  }

  /** Whether the session is neither ended nor expired. */
  isLive(session: Pick<Session, 'endedAt' | 'expiresAt'>): boolean {
    return session.endedAt === null && session.expiresAt.getTime() > this.clock.now();
  }

  /**
   * Seconds to add to the time of the database: how far a test moved the `Clock` since the start. It is 0 for the
   * `SystemClock`. A constant difference between two clocks does not count.
   */
  get movedSeconds(): number {
    if (this.clock instanceof SystemClock) return 0;
    return (this.clock.now() - performance.now() - this.clockStart) / MILLISECONDS;
  }

  /**
   * Whether the previous refresh token still returns the current one.
   *
   * @param now the time of the clock that wrote `rotatedAt`
   */
  isInGrace({ rotatedAt }: Pick<Session, 'rotatedAt'>, now = this.now()): boolean {
    return rotatedAt !== null && now.getTime() - rotatedAt.getTime() <= this.settings.graceSeconds * MILLISECONDS;
  }

  /** The instant before which a session must have ended or expired so that it may be deleted at `now`. */
  forgottenBefore(now: Date): Date {
    // While a token of the session is valid, the session must exist so that it can be ended.
    const minSeconds =
      this.sessionTokenLifetimeSeconds + MAX_CLOCK_TOLERANCE_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;
    return new Date(now.getTime() - Math.max(this.settings.retentionSeconds, minSeconds) * MILLISECONDS);
  }
}
