import { assertKnownSettings } from 'postern/problem';
import { checkedJwksSettings } from './jwks-settings.js';
import { checkedRevocationSettings } from './revocation-settings.js';
import { withProfile } from '../profiles/profile-settings.js';
import { checkedRules } from '../tokens/access-token-rules.js';
import type { SettingNames } from 'postern/problem';
import type { AuthSettings, IssuerSettings } from './auth-settings.js';
import type { RevocationSettings } from './revocation-settings.js';

const OF_ISSUER: SettingNames<Required<IssuerSettings>> = {
  issuer: true,
  audience: true,
  algorithms: true,
  staticKeys: true,
  jwks: true,
  tokenType: true,
  profile: true,
  claims: true,
  tenants: true,
  maximumTokenBytes: true,
  clockToleranceSeconds: true,
  maximumLifetimeSeconds: true,
  revocations: true,
};

const OF_MODULE: SettingNames<Required<AuthSettings>> = {
  ...OF_ISSUER,
  issuers: true,
  rememberedProofs: true,
};

const OF_REVOCATIONS: SettingNames<Required<RevocationSettings>> = {
  follow: true,
  token: true,
  uri: true,
  transport: true,
  maximumSilenceSeconds: true,
  whenSilent: true,
  audience: true,
};

/**
 * Validates the settings and returns them. It runs before any other provider, so a wrong setting is the first error.
 *
 * @param structure the names of the settings that are passed beside `useFactory`
 * @throws Error that names the setting and the fix
 */
export function validateSettings(settings: AuthSettings, structure: Readonly<Record<string, unknown>>): AuthSettings {
  assertKnownSettings('AuthModule', settings, OF_MODULE, structure);
  const { issuers = [], rememberedProofs } = settings;
  if (!Array.isArray(issuers)) throw new Error('AuthModule: "issuers" must be a list of issuers.');
  for (const [position, issuer] of (issuers as readonly IssuerSettings[]).entries()) {
    assertKnownSettings(`AuthModule: "issuers[${position}]"`, issuer, OF_ISSUER);
  }
  for (const issuer of [settings, ...(issuers as readonly IssuerSettings[])]) {
    withProfile(issuer);
    checkedRules(issuer);
    checkedJwksSettings(issuer.jwks);
    const { revocations } = issuer;
    const place = `AuthModule: "revocations" of ${issuer.issuer}`;
    if (revocations !== undefined) assertKnownSettings(place, revocations, OF_REVOCATIONS);
    checkedRevocationSettings(issuer);
  }
  if (rememberedProofs !== undefined && rememberedProofs !== false) {
    assertKnownSettings('AuthModule: "rememberedProofs"', rememberedProofs, { entries: true, bytes: true });
  }
  const { issuers: additional } = settings;
  return withProfile({ ...settings, ...(additional && { issuers: additional.map(withProfile) }) });
}
