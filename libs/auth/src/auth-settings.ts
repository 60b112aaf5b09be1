import type { JwtAlgorithm } from './jwt-algorithm.js';
import type { KeyMaterial } from './import-key.js';
import type { RevocationSettings } from './revocation-settings.js';

/** How keys are fetched from an issuer. Durations in seconds. */
export interface JwksSettings {
  /** Where the key set is; found by discovery (RFC 8414, then OpenID Connect) where absent, and anew when it fails. */
  readonly uri?: string;
  /** At most one fetch in this time, however many unknown keys are asked for. Default 30. */
  readonly cooldownSeconds?: number;
  /** A set younger than this is not fetched again for its age, whatever `Cache-Control` says. Default 60. */
  readonly minimumAgeSeconds?: number;
  /** A set older than this is fetched again, whatever `Cache-Control` says. Default 600. */
  readonly maximumAgeSeconds?: number;
  /** A set that could not be renewed is trusted this long after it was fetched. Default 86,400. */
  readonly maximumStaleSeconds?: number;
  /** What a single request may take. Default 5. */
  readonly timeoutSeconds?: number;
  /** What a single answer may weigh. Default 262,144. */
  readonly maximumBytes?: number;
  /** Allows plain http to hosts other than loopback. Default false. */
  readonly allowInsecure?: boolean;
}

/** An issuer, and what its tokens must be like. */
export interface IssuerSettings {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  /** Who we are to this issuer: a token must carry at least one of these in `aud`. */
  readonly audience: string | readonly string[];
  /** Default: those of the static keys, else every asymmetric one. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Keys written in the settings; where absent they are fetched from the issuer. */
  readonly staticKeys?: readonly KeyMaterial[];
  readonly jwks?: JwksSettings;
  /** The exact `typ` of its tokens. Default `at+jwt` (RFC 9068). */
  readonly tokenType?: string;
  /** How far clocks may be apart. Default 5, at most 300. */
  readonly clockToleranceSeconds?: number;
  /** No token may live longer, whatever its issuer wrote. Default 86,400. */
  readonly maximumLifetimeSeconds?: number;
  /** How this application learns what this issuer has revoked, and what it does when it does not learn it. */
  readonly revocations?: RevocationSettings;
}

/** What `AuthModule` is told: its own issuer at the top, further ones beside it. */
export interface AuthSettings extends IssuerSettings {
  /** Further issuers, each with its own keys, audience, rules and revocations. */
  readonly issuers?: readonly IssuerSettings[];
  /** How many proofs are remembered, and how much memory they may take. Default 10,000 and 16 MiB; `false` remembers none. */
  readonly rememberedProofs?: { readonly entries?: number; readonly bytes?: number } | false;
}

/** Where the checked settings are injected. */
export const AUTH_SETTINGS = Symbol('AuthModule settings');
