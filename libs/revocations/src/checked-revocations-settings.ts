import { Inject, Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import type { RevocationKind } from 'postern/auth';
import { CheckedTokensSettings } from 'postern/tokens';
import { REVOCATIONS_SETTINGS, SETTINGS } from './revocations.module-definition.js';
import { redisUrlProblem } from 'postern/persistence';
import type { RevocationsSettings } from './revocations.module-definition.js';

/** The settings of this lib, checked and complete. */
@Injectable()
export class CheckedRevocationsSettings extends SETTINGS.Checked {
  /** The longest lifetime of an access token of this issuer, in seconds. */
  declare readonly longestTokenLifetimeSeconds: number;
  private readonly sessionTokenLifetimeSeconds: number;

  /** @throws Error at boot; it names the setting and its bounds */
  constructor(
    @Inject(REVOCATIONS_SETTINGS) settings: RevocationsSettings,
    private readonly clock: Clock,
    { maximumLifetimeSeconds, sessionTokenLifetimeSeconds }: CheckedTokensSettings,
  ) {
    super(settings);
    const problem = settings.redisUrl ? redisUrlProblem(settings.redisUrl) : undefined;
    if (problem !== undefined) throw new Error(`RevocationsModule: \`redisUrl\` ${problem}`);
    const longest =
      settings.longestTokenLifetimeSeconds ?? Math.max(this.longestTokenLifetimeSeconds, maximumLifetimeSeconds);
    assertOutlives(maximumLifetimeSeconds, longest);
    this.longestTokenLifetimeSeconds = longest;
    this.sessionTokenLifetimeSeconds = sessionTokenLifetimeSeconds;
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

/** A revocation that is deleted before its token has expired would make the token valid again. */
function assertOutlives(tokenLifetimeSeconds: number, value: number): void {
  if (value >= tokenLifetimeSeconds) return;
  throw new Error(
    `RevocationsModule cannot work with \`longestTokenLifetimeSeconds: ${value}\`: TokensModule issues access tokens that live for ` +
      `${tokenLifetimeSeconds} seconds, and a revoked token would become valid again: raise \`longestTokenLifetimeSeconds\`, or leave it out.`,
  );
}
