import { inspect } from 'node:util';
import { ASYMMETRIC_ALGORITHMS, isJwtAlgorithm } from 'postern/jws';
import { importedKeys } from '../keys/static-verification-keys.js';
import type { JwtAlgorithm } from 'postern/jws';
import type { IssuerSettings } from '../settings/auth-settings.js';

/** The largest `clockToleranceSeconds` that a verifier may be set to. */
export const MAX_CLOCK_TOLERANCE_SECONDS = 300;

/** How far the clocks of the replicas of one issuer may differ, in seconds. */
export const MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS = 60;

/**
 * How far `iat` may lie ahead of this application's clock, in seconds: a replica with a fast clock issued the token. RFC 7519 §4.1.6
 * names no rejection for `iat`; a token that is not yet valid has an `nbf`, for which the tolerance alone counts.
 */
export function issuedAheadSeconds({ clockToleranceSeconds }: Pick<TokenRules, 'clockToleranceSeconds'>): number {
  return Math.max(clockToleranceSeconds, MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS);
}

/** What the tokens of one issuer must be like: the settings, checked and complete. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  readonly tokenType: string;
  readonly clockToleranceSeconds: number;
  readonly maximumLifetimeSeconds: number;
}

/** @throws Error with a sentence that says what to write */
export function checkedRules(settings: IssuerSettings): TokenRules {
  const { issuer, staticKeys } = settings;
  if (typeof issuer !== 'string' || issuer === '') {
    throw new Error('AuthModule: "issuer" must be the exact "iss" of the tokens, such as "https://id.example.com".');
  }
  const audience = [settings.audience].flat() as readonly string[];
  if (audience.length === 0 || !audience.every((one) => typeof one === 'string' && one !== '')) {
    throw new Error(`AuthModule: "audience" for ${issuer} must name this application, such as "orders".`);
  }
  const written = staticKeys && importedKeys(issuer, staticKeys);
  const algorithms = settings.algorithms ?? written?.map(({ alg }) => alg) ?? ASYMMETRIC_ALGORITHMS;
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isJwtAlgorithm)) {
    throw new Error(`AuthModule: "algorithms" for ${issuer} must be a list such as ["ES256"]; "none" does not exist.`);
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

/** @throws Error that names the setting, its bounds and what was written */
export function numberWithin(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new Error(`AuthModule: "${name}" must be between ${least} and ${most}, as a number, and is ${inspect(value)}.`);
}
