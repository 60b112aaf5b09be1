import { inspect } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { assertKnownSettings } from 'postern/problem';
import { KNOWN_SETTINGS, NO_STRUCTURE, SESSIONS_SETTINGS } from './sessions.module-definition.js';
import type { SessionsSettings } from './sessions.module-definition.js';

const DAY_SECONDS = 86_400;

/** The settings of this lib, checked and complete. */
@Injectable()
export class CheckedSessionsSettings {
  /** The maximum number of live sessions of a user. */
  readonly sessionsPerUser: number;
  readonly refreshTokenLifetimeSeconds: number;
  readonly sessionMaximumSeconds: number;
  readonly graceSeconds: number;
  readonly retentionSeconds: number;

  /** @throws Error at boot; it names the setting and its bounds */
  constructor(@Inject(SESSIONS_SETTINGS) settings: SessionsSettings) {
    assertKnownSettings('SessionsModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    this.refreshTokenLifetimeSeconds = within(
      settings,
      'refreshTokenLifetimeSeconds',
      30 * DAY_SECONDS,
      1,
      3650 * DAY_SECONDS,
    );
    this.sessionMaximumSeconds = within(settings, 'sessionMaximumSeconds', 90 * DAY_SECONDS, 1, 3650 * DAY_SECONDS);
    this.sessionsPerUser = within(settings, 'sessionsPerUser', 1000, 1, 10_000, Number.isInteger);
    this.graceSeconds = within(settings, 'graceSeconds', 10, 0, 60);
    this.retentionSeconds = within(settings, 'retentionSeconds', 30 * DAY_SECONDS, 0, 3650 * DAY_SECONDS);
  }
}

function within(
  settings: SessionsSettings,
  name: NumericSetting,
  usual: number,
  min: number,
  max: number,
  isNumber: (value: number) => boolean = Number.isFinite,
): number {
  const value = settings[name] ?? usual;
  if (isNumber(value) && value >= min && value <= max) return value;
  throw new Error(
    `SessionsModule cannot work with \`${name}: ${inspect(value)}\`: write a number from ${min} to ${max}, or leave it out for ${usual}.`,
  );
}

type NumericSetting = keyof SessionsSettings;
