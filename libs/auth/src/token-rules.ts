import { ASYMMETRIC_ALGORITHMS, isJwtAlgorithm } from './jwt-algorithm.js';
import { importKey } from './import-key.js';
import type { IssuerSettings } from './auth-settings.js';
import type { JwtAlgorithm } from './jwt-algorithm.js';

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
  const audience = typeof settings.audience === 'string' ? [settings.audience] : [...(settings.audience ?? [])];
  if (audience.length === 0 || !audience.every((one) => typeof one === 'string' && one !== '')) {
    throw new Error(`AuthModule: "audience" for ${issuer} must name this application, such as "orders".`);
  }
  const algorithms =
    settings.algorithms ?? (staticKeys ? staticKeys.map((key) => importKey(key).alg) : ASYMMETRIC_ALGORITHMS);
  if (algorithms.length === 0 || !algorithms.every(isJwtAlgorithm)) {
    throw new Error(`AuthModule: "algorithms" for ${issuer} must be a list such as ["ES256"]; "none" does not exist.`);
  }
  return {
    issuer,
    audience,
    algorithms: [...new Set(algorithms)],
    tokenType: settings.tokenType ?? 'at+jwt',
    clockToleranceSeconds: seconds('clockToleranceSeconds', settings.clockToleranceSeconds ?? 5, 0, 300),
    maximumLifetimeSeconds: seconds('maximumLifetimeSeconds', settings.maximumLifetimeSeconds ?? 86_400, 1, 31_536_000),
  };
}

function seconds(name: string, value: number, least: number, most: number): number {
  if (!Number.isFinite(value) || value < least || value > most) {
    throw new Error(`AuthModule: "${name}" must be between ${least} and ${most} seconds, and is ${value}.`);
  }
  return value;
}
