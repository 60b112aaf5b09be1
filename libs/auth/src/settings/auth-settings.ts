import type { JwtAlgorithm, KeyMaterial } from 'postern/jws';
import type { IssuerFetch } from '../keys/issuer-fetch.js';
import type { ClaimMapping, IssuerProfile } from '../profiles/issuer-profile.js';
import type { IssuerProfileName } from '../profiles/issuer-profiles.js';
import type { RevocationSettings } from './revocation-settings.js';
import type { TokenSource } from './token-sources.js';

/** How keys are fetched from an issuer. Durations in seconds. */
export interface JwksSettings {
  /**
   * The URL of the key set. Default: by discovery (RFC 8414, then OpenID Connect), on the issuer's own origin or on a
   * public host. Required if the keys are on another host of a private network.
   */
  readonly uri?: string | undefined;
  /** At most one fetch in this time, however many tokens name unknown keys. Default 30. */
  readonly cooldownSeconds?: number | undefined;
  /** A key set is not refreshed while it is younger than this, whatever `Cache-Control` says. Default 60. */
  readonly minimumAgeSeconds?: number | undefined;
  /** A key set is refreshed when it is older than this, whatever `Cache-Control` says. Default 600. */
  readonly maximumAgeSeconds?: number | undefined;
  /** A key set that cannot be refreshed is used this long after it was fetched. Default 86,400. */
  readonly maximumStaleSeconds?: number | undefined;
  /** The timeout of one request. Default 5. */
  readonly timeoutSeconds?: number | undefined;
  /** The maximum size of one response. Default 262,144. */
  readonly maximumBytes?: number | undefined;
  /** Allows plain http to hosts other than loopback. Default false. */
  readonly allowInsecure?: boolean | undefined;
}

/** An issuer, and the rules for its tokens. */
export interface IssuerSettings {
  /** The exact `iss` of its tokens. With `profile: 'entra'`, `{tenantid}` in it stands for each of the `tenants`. */
  readonly issuer: string;
  /** The names that this issuer has for this application: `aud` must contain at least one of them. */
  readonly audience: string | readonly string[];
  /** The accepted algorithms. Default: those of the static keys, else every asymmetric algorithm. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** The keys of the issuer. Default: they are fetched from the issuer. */
  readonly staticKeys?: readonly KeyMaterial[] | undefined;
  readonly jwks?: JwksSettings | undefined;
  /**
   * The `typ` of its tokens, a media type in any case, with or without `application/`. Default: those of the profile,
   * else `at+jwt` (RFC 9068).
   */
  readonly tokenType?: string | undefined;
  /** How its tokens differ from RFC 9068: the name of a vendor, or a profile of your own. Default: not at all. */
  readonly profile?: IssuerProfileName | IssuerProfile | undefined;
  /** The places of the principal's values in its tokens. Each member replaces the one of the profile. */
  readonly claims?: ClaimMapping | undefined;
  /**
   * The trusted tenants of an `issuer` with `{tenantid}`. With `any`, every tenant of the vendor can present tokens:
   * check `principal.organization`.
   */
  readonly tenants?: readonly string[] | 'any' | undefined;
  /**
   * The maximum length of a token. Default: that of the profile, else 8,192; at most 65,536. Raise it together with the
   * one of the issuer.
   */
  readonly maximumTokenBytes?: number | undefined;
  /**
   * How far the clocks of issuer and application may differ. Default 5, at most 300. It applies to `exp` and `nbf`.
   * `iat` may always be 60 seconds ahead, because the clocks of an issuer's replicas may differ that much.
   */
  readonly clockToleranceSeconds?: number | undefined;
  /** The longest accepted lifetime of a token, whatever its `exp` says. Default: that of the profile, else 86,400. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /** How this application reads the revocations of this issuer, and what it does if it cannot read them. */
  readonly revocations?: RevocationSettings | undefined;
  /**
   * Sends the requests for metadata, keys and revocations: through a proxy, or with a client certificate. Default: the
   * built-in `fetch`; for an entry of `issuers`, the function of the own issuer. The function must not follow
   * redirects. If it is set, Postern does not check the addresses to which names of hosts resolve.
   */
  readonly fetch?: IssuerFetch | undefined;
}

/** The settings of `AuthModule`: its own issuer at the top level, and additional issuers in `issuers`. */
export interface AuthSettings extends IssuerSettings {
  /** Additional issuers, each with its own keys, audience, rules, and revocations. */
  readonly issuers?: readonly IssuerSettings[] | undefined;
  /**
   * The places of the access token in a request. Default: `['authorization']`. Different tokens in several places are
   * rejected.
   */
  readonly tokenSources?: readonly TokenSource[] | undefined;
  /** The limits of the cache of verified tokens. Default 10,000 entries and 16 MiB; `false` disables the cache. */
  readonly rememberedProofs?:
    { readonly entries?: number | undefined; readonly bytes?: number | undefined } | false | undefined;
}

/** The injection token of the validated settings. */
export const AUTH_SETTINGS = Symbol('AuthModule settings');
