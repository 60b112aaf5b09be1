import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { Clock } from './clock.js';
import { IssuerRevocationHealth } from './issuer-revocation-health.js';
import { RevocationSet } from './revocation-set.js';
import type { AuthSettings } from '../settings/auth-settings.js';

/**
 * How well this application knows what was revoked elsewhere: for a health check, for metrics, and for the guard. By itself it
 * speaks of the application's own issuer; `of(issuer)` of each.
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

  /** @throws Error with a sentence that says what to write */
  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings, set: RevocationSet, clock: Clock) {
    super(settings, set, clock);
    const further = (settings.issuers ?? []).map(
      (one) => [one.issuer, new IssuerRevocationHealth(one, set, clock)] as const,
    );
    this.byIssuer = new Map<string, IssuerRevocationHealth>([[settings.issuer, this], ...further]);
  }

  /** That of the issuer of this `iss`, or undefined where the application trusts none of that name. */
  of(issuer: string): IssuerRevocationHealth | undefined {
    return this.byIssuer.get(issuer);
  }
}
