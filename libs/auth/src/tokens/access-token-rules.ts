import { ASYMMETRIC_ALGORITHMS, isJwtAlgorithm } from 'postern/jws';
import { setting, settings } from 'postern/problem';
import { importedKeys } from '../keys/static-verification-keys.js';
import { profileOf } from '../profiles/profile-settings.js';
import { tenantIssuerOf } from '../profiles/tenant-issuers.js';
import type { JwtAlgorithm } from 'postern/jws';
import type { ClaimMapping, IssuerProfile } from '../profiles/issuer-profile.js';
import type { TenantIssuer } from '../profiles/tenant-issuers.js';
import type { IssuerSettings } from '../settings/auth-settings.js';

/** The largest allowed `clockToleranceSeconds`. */
export const MAX_CLOCK_TOLERANCE_SECONDS = 300;

/** How far the clocks of the replicas of one issuer may differ, in seconds. */
export const MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS = 60;

/**
 * How far `iat` may be ahead of this application's clock, in seconds, because a replica with a fast clock issued the
 * token. RFC 7519 §4.1.6 defines no rejection for `iat`; a token that is not yet valid has an `nbf`, to which only the
 * tolerance applies.
 */
export function issuedAheadSeconds({ clockToleranceSeconds }: Pick<TokenRules, 'clockToleranceSeconds'>): number {
  return Math.max(clockToleranceSeconds, MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS);
}

/** The rules for the tokens of one issuer: the validated settings with their defaults. */
export interface TokenRules {
  /** The `iss` of the tokens; with {@link tenants}, the one that the settings write. */
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  /** The `typ`; undefined if the profile lists the accepted ones. */
  readonly tokenType: string | undefined;
  readonly clockToleranceSeconds: number;
  readonly maximumLifetimeSeconds: number;
  readonly maximumTokenBytes: number;
  readonly profile?: IssuerProfile | undefined;
  readonly claims?: ClaimMapping | undefined;
  /** The tenants of an issuer with a placeholder. */
  readonly tenants?: TenantIssuer | undefined;
  /** The tenant whose token these rules are for. */
  readonly tenant?: string | undefined;
}

/** The rules of an issuer that are a single value with a default. */
export const RULES = {
  tokenType: setting.text('at+jwt'),
  clockToleranceSeconds: setting.number(5, { min: 0, max: MAX_CLOCK_TOLERANCE_SECONDS }),
  maximumLifetimeSeconds: setting.number(86_400, { min: 1, max: 31_536_000 }),
  maximumTokenBytes: setting.number(8192, { min: 1, max: 65_536 }),
};
const { tokenType: _, ...NUMBERS } = RULES;
const RULE_SETTINGS = settings<Pick<IssuerSettings, keyof typeof NUMBERS>>()('AuthModule', NUMBERS);

/** @throws Error that names the setting and the fix */
export function checkedRules(given: IssuerSettings): TokenRules {
  const { issuer, staticKeys, tokenType, clockToleranceSeconds, maximumLifetimeSeconds, maximumTokenBytes } = given;
  if (typeof issuer !== 'string' || issuer === '') {
    throw new Error('AuthModule: "issuer" must be the exact "iss" of the tokens, such as "https://id.example.com".');
  }
  const audience = [given.audience].flat() as readonly string[];
  if (audience.length === 0 || !audience.every((name) => typeof name === 'string' && name !== '')) {
    throw new Error(`AuthModule: "audience" for ${issuer} must name this application, such as "orders".`);
  }
  const keys = staticKeys && importedKeys(issuer, staticKeys);
  const profile = profileOf(given);
  const algorithms = given.algorithms ?? keys?.map(({ alg }) => alg) ?? profile?.algorithms ?? ASYMMETRIC_ALGORITHMS;
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isJwtAlgorithm)) {
    throw new Error(`AuthModule: "algorithms" for ${issuer} must be a list such as ["ES256"], without "none".`);
  }
  if (profile !== undefined && profile.allowsSecret !== true && algorithms.includes('HS256')) {
    throw new Error(`AuthModule: the "profile" of ${issuer} does not allow HS256. Remove the secret or the algorithm.`);
  }
  return {
    issuer,
    audience,
    algorithms: [...new Set(algorithms)],
    ...RULE_SETTINGS.read({
      clockToleranceSeconds,
      maximumLifetimeSeconds: maximumLifetimeSeconds ?? profile?.maximumLifetimeSeconds,
      maximumTokenBytes: maximumTokenBytes ?? profile?.maximumTokenBytes,
    }),
    tokenType: tokenType ?? (profile === undefined ? 'at+jwt' : undefined),
    profile,
    claims: given.claims,
    tenants: tenantIssuerOf(given),
  };
}
