import { inspect } from 'node:util';
import { ASYMMETRIC_ALGORITHMS, isJwtAlgorithm } from 'postern/jws';
import { importedKeys } from '../keys/static-verification-keys.js';
import { profileOf } from '../profiles/profile-settings.js';
import { tenantIssuerOf } from '../profiles/tenant-issuers.js';
import type { JwtAlgorithm } from 'postern/jws';
import type { ClaimMapping, IssuerProfile } from '../profiles/issuer-profile.js';
import type { TenantIssuer } from '../profiles/tenant-issuers.js';
import type { IssuerSettings } from '../settings/auth-settings.js';

const DEFAULT_TOKEN_BYTES = 8_192;
const MAX_TOKEN_BYTES = 65_536;

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
  /** The exact `typ`; undefined if the profile lists the accepted ones. */
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

/** @throws Error that names the setting and the fix */
export function checkedRules(settings: IssuerSettings): TokenRules {
  const { issuer, staticKeys } = settings;
  if (typeof issuer !== 'string' || issuer === '') {
    throw new Error('AuthModule: "issuer" must be the exact "iss" of the tokens, such as "https://id.example.com".');
  }
  const audience = [settings.audience].flat() as readonly string[];
  if (audience.length === 0 || !audience.every((name) => typeof name === 'string' && name !== '')) {
    throw new Error(`AuthModule: "audience" for ${issuer} must name this application, such as "orders".`);
  }
  const keys = staticKeys && importedKeys(issuer, staticKeys);
  const profile = profileOf(settings);
  const algorithms = settings.algorithms ?? keys?.map(({ alg }) => alg) ?? profile?.algorithms ?? ASYMMETRIC_ALGORITHMS;
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
    tokenType: settings.tokenType ?? (profile === undefined ? 'at+jwt' : undefined),
    clockToleranceSeconds: numberWithin(
      'clockToleranceSeconds',
      settings.clockToleranceSeconds ?? 5,
      0,
      MAX_CLOCK_TOLERANCE_SECONDS,
    ),
    maximumLifetimeSeconds: numberWithin(
      'maximumLifetimeSeconds',
      settings.maximumLifetimeSeconds ?? profile?.maximumLifetimeSeconds ?? 86_400,
      1,
      31_536_000,
    ),
    maximumTokenBytes: numberWithin(
      'maximumTokenBytes',
      settings.maximumTokenBytes ?? profile?.maximumTokenBytes ?? DEFAULT_TOKEN_BYTES,
      1,
      MAX_TOKEN_BYTES,
    ),
    profile,
    claims: settings.claims,
    tenants: tenantIssuerOf(settings),
  };
}

/** @throws Error that names the setting, its bounds, and its value */
export function numberWithin(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new Error(`AuthModule: "${name}" must be a number between ${least} and ${most}, but is ${inspect(value)}.`);
}
