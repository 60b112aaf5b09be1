import { inspect } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import type { RevocationKind } from 'postern/auth';
import { assertKnownSettings } from 'postern/problem';
import { CheckedTokensSettings } from 'postern/tokens';
import { redisUrlProblem } from './signals/redis-url.js';
import { KNOWN_SETTINGS, NO_STRUCTURE, REVOCATIONS_SETTINGS } from './revocations.module-definition.js';
import type { RevocationsSettings } from './revocations.module-definition.js';

const DAY_SECONDS = 86_400;

/** The settings of this lib, checked and complete. */
@Injectable()
export class CheckedRevocationsSettings {
  /** The longest lifetime of an access token of this issuer, in seconds. */
  readonly longestTokenLifetimeSeconds: number;
  /** The pause between two queries for revocations, in seconds. */
  readonly pollSeconds: number;
  /** The maximum number of followers of one replica that share one token. */
  readonly followersPerToken: number;
  private readonly sessionTokenLifetimeSeconds: number;

  /** @throws Error at boot; it names the setting and its bounds */
  constructor(
    @Inject(REVOCATIONS_SETTINGS) settings: RevocationsSettings,
    private readonly clock: Clock,
    tokens: CheckedTokensSettings,
  ) {
    assertKnownSettings('RevocationsModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    const problem = settings.redisUrl ? redisUrlProblem(settings.redisUrl) : undefined;
    if (problem !== undefined) throw new Error(`RevocationsModule: \`redisUrl\` ${problem}`);
    const { maximumLifetimeSeconds, sessionTokenLifetimeSeconds } = tokens;
    const usual = Math.max(DAY_SECONDS, maximumLifetimeSeconds);
    const longest = within(settings, 'longestTokenLifetimeSeconds', usual, 1, 366 * DAY_SECONDS);
    assertOutlives(maximumLifetimeSeconds, longest);
    this.longestTokenLifetimeSeconds = longest;
    this.sessionTokenLifetimeSeconds = sessionTokenLifetimeSeconds;
    this.pollSeconds = within(settings, 'pollSeconds', 0.5, 0.05, 10);
    this.followersPerToken = within(settings, 'followersPerToken', 100, 1, 1000, Number.isInteger);
  }

  /** The current time. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /** The maximum lifetime, in seconds, of the access tokens that a revocation of this kind can concern. */
  longestLifeUnder(kind: RevocationKind): number {
    return kind === 'session' ? this.sessionTokenLifetimeSeconds : this.longestTokenLifetimeSeconds;
  }
}

function within(
  settings: RevocationsSettings,
  name: Exclude<keyof RevocationsSettings, 'redisUrl'>,
  usual: number,
  min: number,
  max: number,
  isNumber: (value: number) => boolean = Number.isFinite,
): number {
  const value = settings[name] ?? usual;
  if (isNumber(value) && value >= min && value <= max) return value;
  throw new Error(
    `RevocationsModule cannot work with \`${name}: ${inspect(value)}\`: write a number from ${min} to ${max}, or leave it out for ${usual}.`,
  );
}

/** A revocation that is deleted before its token has expired would make the token valid again. */
function assertOutlives(tokenLifetimeSeconds: number, value: number): void {
  if (value >= tokenLifetimeSeconds) return;
  throw new Error(
    `RevocationsModule cannot work with \`longestTokenLifetimeSeconds: ${value}\`: TokensModule issues access tokens that live for ` +
      `${tokenLifetimeSeconds} seconds, and a revoked token would become valid again: raise \`longestTokenLifetimeSeconds\`, or leave it out.`,
  );
}
