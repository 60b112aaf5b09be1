import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { Clock } from './clock.js';
import { IssuerRevocationHealth } from './issuer-revocation-health.js';
import { RevocationSet } from './revocation-set.js';
import type { AuthSettings } from '../settings/auth-settings.js';

/**
 * Reports how up to date the revocations are, for health checks, metrics, and the guard. It reports on the
 * application's own issuer; `of(issuer)` reports on any trusted issuer.
 *
 * @example
 * ```ts
 * revocations() {
 *   const { status, silenceSeconds } = this.health.report();
 *   return status === 'unknown' ? this.indicator.down({ silenceSeconds }) : this.indicator.up();
 * }
 * ```
 */
@Injectable()
export class RevocationHealth extends IssuerRevocationHealth {
  private readonly byIssuer: ReadonlyMap<string, IssuerRevocationHealth>;

  /** @throws Error that names the setting and the fix */
  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings, set: RevocationSet, clock: Clock) {
    super(settings, set, clock);
    const others = (settings.issuers ?? []).map(
      (issuer) => [issuer.issuer, new IssuerRevocationHealth(issuer, set, clock)] as const,
    );
    this.byIssuer = new Map<string, IssuerRevocationHealth>([[settings.issuer, this], ...others]);
  }

  /** The health of this issuer, or undefined if the application does not trust it. */
  of(issuer: string): IssuerRevocationHealth | undefined {
    return this.byIssuer.get(issuer);
  }
}
