import type { JwtAlgorithm, KeyMaterial } from 'postern/jws';
import type { RevocationSettings } from './revocation-settings.js';

/** How keys are fetched from an issuer. Durations in seconds. */
export interface JwksSettings {
  /**
   * Where the key set is. Default: by discovery (RFC 8414, then OpenID Connect), on the issuer's own origin or on a public host.
   * Required if the keys are on another host of a private network.
   */
  readonly uri?: string | undefined;
  /** At most one fetch in this time, however many unknown keys are asked for. Default 30. */
  readonly cooldownSeconds?: number | undefined;
  /** A set younger than this is not fetched again for its age, whatever `Cache-Control` says. Default 60. */
  readonly minimumAgeSeconds?: number | undefined;
  /** A set older than this is fetched again, whatever `Cache-Control` says. Default 600. */
  readonly maximumAgeSeconds?: number | undefined;
  /** A set that could not be renewed is trusted this long after it was fetched. Default 86,400. */
  readonly maximumStaleSeconds?: number | undefined;
  /** What a single request may take. Default 5. */
  readonly timeoutSeconds?: number | undefined;
  /** What a single answer may weigh. Default 262,144. */
  readonly maximumBytes?: number | undefined;
  /** Allows plain http to hosts other than loopback. Default false. */
  readonly allowInsecure?: boolean | undefined;
}

/** An issuer, and what its tokens must be like. */
export interface IssuerSettings {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  /** Who we are to this issuer: a token must carry at least one of these in `aud`. */
  readonly audience: string | readonly string[];
  /** Default: those of the static keys, else every asymmetric one. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** Keys written in the settings; where absent they are fetched from the issuer. */
  readonly staticKeys?: readonly KeyMaterial[] | undefined;
  readonly jwks?: JwksSettings | undefined;
  /** The exact `typ` of its tokens. Default `at+jwt` (RFC 9068). */
  readonly tokenType?: string | undefined;
  /**
   * How far the clocks of issuer and application may differ. Default 5, at most 300. It applies to `exp` and `nbf`; `iat` may always
   * lie 60 seconds ahead, as far as the clocks of an issuer's replicas may differ.
   */
  readonly clockToleranceSeconds?: number | undefined;
  /** No token may live longer, whatever its issuer wrote. Default 86,400. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /** How this application learns what this issuer has revoked, and what it does when it does not learn it. */
  readonly revocations?: RevocationSettings | undefined;
}

/** What `AuthModule` is told: its own issuer at the top, further ones beside it. */
export interface AuthSettings extends IssuerSettings {
  /** Further issuers, each with its own keys, audience, rules and revocations. */
  readonly issuers?: readonly IssuerSettings[] | undefined;
  /** How many proofs are remembered, and how much memory they may take. Default 10,000 and 16 MiB; `false` remembers none. */
  readonly rememberedProofs?:
    { readonly entries?: number | undefined; readonly bytes?: number | undefined } | false | undefined;
}

/** Where the checked settings are injected. */
export const AUTH_SETTINGS = Symbol('AuthModule settings');
