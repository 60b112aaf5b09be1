import { inspect } from 'node:util';
import { ASYMMETRIC_ALGORITHMS, isJwtAlgorithm } from 'postern/jws';
import { importedKeys } from '../keys/static-verification-keys.js';
import type { JwtAlgorithm } from 'postern/jws';
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
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  readonly tokenType: string;
  readonly clockToleranceSeconds: number;
  readonly maximumLifetimeSeconds: number;
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
  const algorithms = settings.algorithms ?? keys?.map(({ alg }) => alg) ?? ASYMMETRIC_ALGORITHMS;
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isJwtAlgorithm)) {
    throw new Error(`AuthModule: "algorithms" for ${issuer} must be a list such as ["ES256"], without "none".`);
  }
  return {
    issuer,
    audience,
    algorithms: [...new Set(algorithms)],
    tokenType: settings.tokenType ?? 'at+jwt',
    clockToleranceSeconds: numberWithin(
      'clockToleranceSeconds',
      settings.clockToleranceSeconds ?? 5,
      0,
      MAX_CLOCK_TOLERANCE_SECONDS,
    ),
    maximumLifetimeSeconds: numberWithin(
      'maximumLifetimeSeconds',
      settings.maximumLifetimeSeconds ?? 86_400,
      1,
      31_536_000,
    ),
  };
}

/** @throws Error that names the setting, its bounds, and its value */
export function numberWithin(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new Error(`AuthModule: "${name}" must be a number between ${least} and ${most}, but is ${inspect(value)}.`);
}
