import { setting, settings } from 'postern/problem';
import { JWKS_SETTINGS } from './jwks-settings.js';
import { checkedRevocationSettings } from './revocation-settings.js';
import { checkTokenSources } from './token-sources.js';
import { withProfile } from '../profiles/profile-settings.js';
import { checkedRules, RULES } from '../tokens/access-token-rules.js';
import { CACHE_SETTINGS } from '../tokens/verified-token-cache.js';
import type { SettingsDeclaration } from 'postern/problem';
import type { AuthStructure } from './auth-structure.js';
import type { AuthSettings, IssuerSettings } from './auth-settings.js';

const OF_ISSUER = {
  issuer: setting.unchecked<string>(),
  audience: setting.unchecked<IssuerSettings['audience']>(),
  algorithms: setting.unchecked<IssuerSettings['algorithms']>(),
  staticKeys: setting.unchecked<IssuerSettings['staticKeys']>(),
  jwks: setting.nested(JWKS_SETTINGS),
  revocations: setting.unchecked<IssuerSettings['revocations']>(),
  ...RULES,
  profile: setting.unchecked<IssuerSettings['profile']>(),
  claims: setting.unchecked<IssuerSettings['claims']>(),
  tenants: setting.unchecked<IssuerSettings['tenants']>(),
  fetch: setting.unchecked<IssuerSettings['fetch']>(),
} satisfies SettingsDeclaration<IssuerSettings>;

const ISSUER_SETTINGS = settings<IssuerSettings>()('AuthModule: "issuers"', OF_ISSUER);

export const SETTINGS = settings<AuthSettings, AuthStructure>()(
  'AuthModule',
  {
    ...OF_ISSUER,
    issuers: setting.unchecked<AuthSettings['issuers']>(),
    tokenSources: setting.unchecked<AuthSettings['tokenSources']>(),
    rememberedProofs: setting.unchecked(),
  },
  {
    keys: true,
    revocationSource: true,
    revocationPublisher: true,
    mapper: true,
    clock: true,
    carriers: true,
    guard: true,
    global: true,
    imports: true,
  },
);

/**
 * Validates the settings and returns them. It runs before any other provider, so a wrong setting is the first error.
 *
 * @throws Error that names the setting and the fix
 */
export function validateSettings(auth: AuthSettings): AuthSettings {
  SETTINGS.read(auth);
  const { issuers = [], rememberedProofs } = auth;
  if (!Array.isArray(issuers)) throw new Error('AuthModule: "issuers" must be a list of issuers.');
  for (const [position, issuer] of (issuers as readonly IssuerSettings[]).entries()) {
    ISSUER_SETTINGS.read(issuer, `AuthModule: "issuers[${position}]"`);
  }
  for (const issuer of [auth, ...(issuers as readonly IssuerSettings[])]) {
    withProfile(issuer);
    checkedRules(issuer);
    checkedRevocationSettings(issuer);
    if (issuer.fetch !== undefined && typeof issuer.fetch !== 'function') {
      throw new Error('AuthModule: "fetch" must be a function with the signature of the built-in fetch.');
    }
  }
  checkTokenSources(auth.tokenSources);
  if (rememberedProofs !== false) CACHE_SETTINGS.read(rememberedProofs ?? {});
  const { fetch, issuers: additional } = auth;
  // A corporate proxy is the way to every issuer.
  const others = additional?.map((issuer) => withProfile(fetch ? { ...issuer, fetch: issuer.fetch ?? fetch } : issuer));
  return withProfile({ ...auth, ...(others && { issuers: others }) });
}
