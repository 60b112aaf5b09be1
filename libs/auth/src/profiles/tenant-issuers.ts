import type { IssuerSettings } from '../settings/auth-settings.js';
import { profileOf } from './profile-settings.js';

/** An issuer in the settings that stands for the issuers of several tenants. */
export interface TenantIssuer {
  /** The issuer as the settings write it, with the placeholder. */
  readonly template: string;
  /** Returns the tenant that the `iss` of a token names, if the settings trust it. */
  tenantOf(issuer: string): string | undefined;
  /** Whether a key that the vendor restricts to this issuer verifies the tokens of a tenant. */
  matches(issuerOfKey: string, tenant: string, issuer: string): boolean;
}

/** Returns undefined for an issuer without a placeholder. */
export function tenantIssuerOf(
  settings: Pick<IssuerSettings, 'issuer' | 'profile' | 'tenants'>,
): TenantIssuer | undefined {
  const { issuer: template, tenants } = settings;
  const tenant = profileOf(settings)?.tenant;
  if (tenant === undefined || tenants === undefined) return undefined;
  const { placeholder, pattern } = tenant;
  const [before = '', after = ''] = template.split(placeholder);
  return {
    template,
    tenantOf: (issuer) => {
      if (typeof issuer !== 'string' || !issuer.startsWith(before) || !issuer.endsWith(after)) return undefined;
      const name = issuer.slice(before.length, issuer.length - after.length);
      return pattern.test(name) && (tenants === 'any' || tenants.includes(name)) ? name : undefined;
    },
    matches: (issuerOfKey, name, issuer) => issuerOfKey.replace(placeholder, name) === issuer,
  };
}
