import { inspect } from 'node:util';
import { setting, settings as declare } from 'postern/problem';
import { ISSUER_PROFILES } from './issuer-profiles.js';
import { CLAIM_MEMBERS } from './standard-claims.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { SettingsDeclaration } from 'postern/problem';
import type { ClaimMapping, IssuerProfile } from './issuer-profile.js';

const PROFILE = declare<IssuerProfile>()('AuthModule: "profile"', {
  source: setting.unchecked<IssuerProfile['source']>(),
  tokenTypes: setting.unchecked<IssuerProfile['tokenTypes']>(),
  algorithms: setting.unchecked<IssuerProfile['algorithms']>(),
  allowsSecret: setting.unchecked<IssuerProfile['allowsSecret']>(),
  maximumLifetimeSeconds: setting.unchecked<IssuerProfile['maximumLifetimeSeconds']>(),
  maximumTokenBytes: setting.unchecked<IssuerProfile['maximumTokenBytes']>(),
  jwksUri: setting.unchecked<IssuerProfile['jwksUri']>(),
  required: setting.unchecked<IssuerProfile['required']>(),
  requiredOneOf: setting.unchecked<IssuerProfile['requiredOneOf']>(),
  forbidden: setting.unchecked<IssuerProfile['forbidden']>(),
  forbiddenAudience: setting.unchecked<IssuerProfile['forbiddenAudience']>(),
  tenant: setting.unchecked<IssuerProfile['tenant']>(),
  claims: setting.unchecked<IssuerProfile['claims']>(),
});

const MAPPING = declare<ClaimMapping>()(
  'AuthModule: "claims"',
  Object.fromEntries(CLAIM_MEMBERS.map((member) => [member, setting.unchecked()])) as SettingsDeclaration<ClaimMapping>,
);

/** Returns the profile that the settings name or contain. */
export function profileOf({ profile }: Pick<IssuerSettings, 'profile'>): IssuerProfile | undefined {
  return typeof profile === 'string' ? ISSUER_PROFILES[profile] : profile;
}

/**
 * Returns the settings with the URL of the key set that the profile knows.
 *
 * @throws Error that names the setting and the fix
 */
export function withProfile<S extends IssuerSettings>(settings: S): S {
  const { issuer, jwks, staticKeys, revocations } = settings;
  assertProfile(settings);
  const profile = profileOf(settings);
  assertMapping(issuer, settings.claims);
  assertMapping(issuer, profile?.claims);
  assertTenants(settings, profile);
  if (profile === undefined) return settings;
  if (revocations?.follow === true) {
    throw new Error(
      `AuthModule: "revocations" of ${issuer} follows a feed, and "profile" is for issuers that have none. Remove one.`,
    );
  }
  assertAudience(settings, profile);
  const uri = profile.jwksUri?.(issuer);
  if (uri === undefined || staticKeys !== undefined || jwks?.uri !== undefined) return settings;
  return { ...settings, jwks: { ...jwks, uri } };
}

function assertProfile({ issuer, profile }: IssuerSettings): void {
  if (profile === undefined) return;
  if (typeof profile === 'string' && Object.hasOwn(ISSUER_PROFILES, profile)) return;
  if (typeof profile !== 'object' || profile === null) {
    const names = Object.keys(ISSUER_PROFILES).join(', ');
    throw new Error(
      `AuthModule: "profile" of ${issuer} must be one of ${names}, or an object, but is ${inspect(profile)}.`,
    );
  }
  PROFILE.read(profile, `AuthModule: "profile" of ${issuer}`);
  const { tokenTypes } = profile;
  const isList = Array.isArray(tokenTypes) && tokenTypes.length > 0;
  if (
    !isList ||
    !tokenTypes.every((type: unknown) => type === null || (typeof type === 'string' && type === type.toLowerCase()))
  ) {
    throw new Error(
      `AuthModule: "profile.tokenTypes" of ${issuer} must be a list of "typ" in lower case, such as ["jwt"]; null ` +
        'accepts tokens without "typ".',
    );
  }
}

function assertMapping(issuer: string, claims: IssuerSettings['claims']): void {
  if (claims === undefined) return;
  MAPPING.read(claims, `AuthModule: "claims" of ${issuer}`);
  for (const [member, sources] of Object.entries(claims)) {
    for (const source of [sources].flat() as unknown[]) {
      const { path } = Object(source) as { path?: unknown };
      const isPath = Array.isArray(path) && path.length > 0 && path.every((step) => typeof step === 'string');
      if (
        typeof source === 'function' ||
        isPath ||
        source === undefined ||
        (typeof source === 'string' && source !== '')
      )
        continue;
      throw new Error(
        `AuthModule: "claims.${member}" of ${issuer} must be the name of a claim, { path: [...] }, or a function.`,
      );
    }
  }
}

function assertTenants({ issuer, tenants }: IssuerSettings, profile: IssuerProfile | undefined): void {
  const tenant = profile?.tenant;
  const parts = tenant === undefined || typeof issuer !== 'string' ? 1 : issuer.split(tenant.placeholder).length;
  if (tenants === undefined && parts === 1) return;
  if (tenant === undefined || parts !== 2) {
    throw new Error(
      `AuthModule: "tenants" of ${issuer} needs "profile: 'entra'", and {tenantid} once in "issuer", such as ` +
        '"https://login.microsoftonline.com/{tenantid}/v2.0".',
    );
  }
  const isList = Array.isArray(tenants) && tenants.length > 0;
  if (tenants === 'any' || (isList && tenants.every((name) => tenant.pattern.test(name)))) return;
  throw new Error(
    `AuthModule: "tenants" of ${issuer} must be a list of tenant ids (UUIDs in lower case), or "any": then every ` +
      'tenant of the vendor can present tokens for the audience.',
  );
}

function assertAudience({ issuer, audience }: IssuerSettings, { forbiddenAudience }: IssuerProfile): void {
  if (forbiddenAudience === undefined) return;
  const name = [audience].flat().find((text) => forbiddenAudience.pattern.test(text));
  if (name === undefined) return;
  throw new Error(`AuthModule: the audience "${name}" for ${issuer} ${forbiddenAudience.reason}.`);
}
