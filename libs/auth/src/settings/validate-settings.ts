import { assertKnownSettings } from 'postern/problem';
import { checkedJwksSettings } from './jwks-settings.js';
import { checkedRevocationSettings } from './revocation-settings.js';
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
 * The settings, once they are known to be sound: before anything is made of them, so that the first complaint is about them.
 *
 * @param structure the names of what is passed as classes
 * @throws Error with a sentence that says what to write
 */
export function validateSettings(settings: AuthSettings, structure: Readonly<Record<string, unknown>>): AuthSettings {
  assertKnownSettings('AuthModule', settings, OF_MODULE, structure);
  const { issuers = [], rememberedProofs } = settings;
  if (!Array.isArray(issuers)) throw new Error('AuthModule: "issuers" must be a list of issuers.');
  for (const [position, one] of (issuers as readonly IssuerSettings[]).entries()) {
    assertKnownSettings(`AuthModule: "issuers[${position}]"`, one, OF_ISSUER);
  }
  for (const one of [settings, ...(issuers as readonly IssuerSettings[])]) {
    checkedRules(one);
    checkedJwksSettings(one.jwks);
    const { revocations } = one;
    const place = `AuthModule: "revocations" of ${one.issuer}`;
    if (revocations !== undefined) assertKnownSettings(place, revocations, OF_REVOCATIONS);
    checkedRevocationSettings(one);
  }
  if (rememberedProofs !== undefined && rememberedProofs !== false) {
    assertKnownSettings('AuthModule: "rememberedProofs"', rememberedProofs, { entries: true, bytes: true });
  }
  return settings;
}
