import { Inject, Injectable } from '@nestjs/common';
import { inspect } from 'node:util';
import {
  Clock,
  LONGEST_CLOCK_TOLERANCE_SECONDS,
  MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS,
  SystemClock,
} from 'postern/auth';
import { assertKnownSettings } from 'postern/problem';
import { CheckedTokensSettings } from 'postern/tokens';
import type { Session } from './session.entity.js';
import {
  KNOWN_SETTINGS,
  NO_STRUCTURE,
  SESSIONS_SETTINGS,
  type SessionsSettings,
} from './sessions.module-definition.js';

const day = 86_400;
const second = 1000;

/** The settings of this lib, checked, and what they mean for a session at this moment. */
@Injectable()
export class SessionTerms {
  private readonly sessionTokenLifetimeSeconds: number;
  /** How many living sessions a user may have. */
  readonly sessionsPerUser: number;
  private readonly refreshTokenLifetimeSeconds: number;
  private readonly sessionMaximumSeconds: number;
  private readonly graceSeconds: number;
  private readonly clockStart: number;
  private readonly retentionSeconds: number;

  /** @throws Error at boot, with a sentence that says what to write */
  constructor(
    @Inject(SESSIONS_SETTINGS) settings: SessionsSettings,
    private readonly clock: Clock,
    tokens: CheckedTokensSettings,
  ) {
    assertKnownSettings('SessionsModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    this.clockStart = clock.now() - performance.now();
    this.refreshTokenLifetimeSeconds = within(settings, 'refreshTokenLifetimeSeconds', 30 * day, 1, 3650 * day);
    this.sessionMaximumSeconds = within(settings, 'sessionMaximumSeconds', 90 * day, 1, 3650 * day);
    this.sessionsPerUser = within(settings, 'sessionsPerUser', 1000, 1, 10_000, Number.isInteger);
    this.graceSeconds = within(settings, 'graceSeconds', 10, 0, 60);
    this.retentionSeconds = within(settings, 'retentionSeconds', 30 * day, 0, 3650 * day);
    this.sessionTokenLifetimeSeconds = tokens.sessionTokenLifetimeSeconds;
  }

  /** This moment. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /** When a session expires that is used now: the idle limit, and never beyond its longest life. */
  expiryOf(createdAt: Date): Date {
    const idle = this.clock.now() + this.refreshTokenLifetimeSeconds * second;
    return new Date(Math.min(idle, createdAt.getTime() + this.sessionMaximumSeconds * second));
  }

  /** Whole seconds until the session's current refresh token expires; never negative. */
  secondsLeft(session: Pick<Session, 'expiresAt'>): number {
    return Math.max(0, Math.round((session.expiresAt.getTime() - this.clock.now()) / second));
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
    return (this.clock.now() - performance.now() - this.clockStart) / second;
  }

  /**
   * Whether the token before the current one is still answered with the current one.
   *
   * @param now by the clock that wrote `rotatedAt`
   */
  isInGrace({ rotatedAt }: Pick<Session, 'rotatedAt'>, now = this.now()): boolean {
    return rotatedAt !== null && now.getTime() - rotatedAt.getTime() <= this.graceSeconds * second;
  }

  /** What expired or ended before this instant may be forgotten, seen from another. */
  forgottenBefore(now: Date): Date {
    // While a token of it is good, the session has to be there to be ended.
    const least =
      this.sessionTokenLifetimeSeconds + LONGEST_CLOCK_TOLERANCE_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;
    return new Date(now.getTime() - Math.max(this.retentionSeconds, least) * second);
  }
}

function within(
  settings: SessionsSettings,
  name: NumericSetting,
  usual: number,
  least: number,
  most: number,
  isNumber: (value: number) => boolean = Number.isFinite,
): number {
  const value = settings[name] ?? usual;
  if (isNumber(value) && value >= least && value <= most) return value;
  throw new Error(
    `SessionsModule cannot work with \`${name}: ${inspect(value)}\`: write a number from ${least} to ${most}, or leave it out for ${usual}.`,
  );
}

type NumericSetting = keyof SessionsSettings;
