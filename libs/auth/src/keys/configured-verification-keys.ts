import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { Clock } from '../revocations/clock.js';
import { RemoteVerificationKeys } from './remote-verification-keys.js';
import { StaticVerificationKeys } from './static-verification-keys.js';
import { tenantIssuerOf } from '../profiles/tenant-issuers.js';
import { VerificationKeys } from './verification-keys.js';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { JwtAlgorithm } from 'postern/jws';
import type { TenantIssuer } from '../profiles/tenant-issuers.js';
import type { AuthSettings } from '../settings/auth-settings.js';

/** Uses the `staticKeys` of an issuer if it has some, and otherwise the keys that the issuer publishes. */
@Injectable()
export class ConfiguredVerificationKeys
  extends VerificationKeys
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly written: StaticVerificationKeys;
  private readonly published: RemoteVerificationKeys;
  private readonly withWritten: ReadonlySet<string>;
  private readonly withTenants: readonly TenantIssuer[];

  /** @throws Error that names the setting and the fix */
  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings, clock: Clock) {
    super();
    const issuers = [settings, ...(settings.issuers ?? [])];
    const written = issuers.flatMap(({ issuer, staticKeys }) => (staticKeys ? [[issuer, staticKeys] as const] : []));
    this.withTenants = issuers.map(tenantIssuerOf).filter((issuer) => issuer !== undefined);
    this.withWritten = new Set(written.map(([issuer]) => issuer));
    this.written = new StaticVerificationKeys(new Map(written));
    this.published = new RemoteVerificationKeys(
      issuers.filter(({ issuer }) => !this.withWritten.has(issuer)),
      clock,
    );
  }

  override find(issuer: string, kid: string | undefined, alg?: JwtAlgorithm): ReturnType<VerificationKeys['find']> {
    const configured = this.configured(issuer);
    return this.sourceOf(configured).find(configured, kid, alg);
  }

  override isLive(issuer: string, kid: string, alg?: JwtAlgorithm): boolean {
    const configured = this.configured(issuer);
    return this.sourceOf(configured).isLive(configured, kid, alg);
  }

  override knows(issuer: string): boolean {
    const configured = this.configured(issuer);
    return this.withWritten.has(configured) || this.published.knows(configured);
  }

  override renew(issuer: string): Promise<void> {
    return this.withWritten.has(issuer) ? Promise.resolve() : this.published.renew(issuer);
  }

  /** Starts to fetch the keys and does not wait, so the application starts even if an issuer is down. */
  onApplicationBootstrap(): void {
    this.published.prefetch();
  }

  onApplicationShutdown(): void {
    this.published.stop();
  }

  /** The issuer as the settings write it: the tenants of an issuer share its keys. */
  private configured(issuer: string): string {
    if (this.withTenants.length === 0) return issuer;
    return this.withTenants.find((tenants) => tenants.tenantOf(issuer) !== undefined)?.template ?? issuer;
  }

  private sourceOf(issuer: string): { find: VerificationKeys['find']; isLive: VerificationKeys['isLive'] } {
    return this.withWritten.has(issuer) ? this.written : this.published;
  }
}
