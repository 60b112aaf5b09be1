import type { JwtAlgorithm } from 'postern/jws';

/** All claims of a token. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** The place of a value: the name of a claim, the path to a nested one, or a function of all claims. */
export type ClaimSource = string | { readonly path: readonly string[] } | ((claims: TokenClaims) => unknown);

/**
 * The places of a principal's values in the claims of an issuer. A list names several places: the values of `roles`
 * add up, and of any other member the first one that exists counts. A claim with another type than the standard one is
 * rejected; scopes may be one string or a list, and a role may be one string.
 *
 * @example
 * ```ts
 * const claims: ClaimMapping = { roles: 'https://acme.com/roles', clientId: ['azp', 'appid'] };
 * ```
 */
export interface ClaimMapping {
  readonly subject?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly audience?: ClaimSource | readonly ClaimSource[] | undefined;
  /** Default for an issuer with a profile, if the token has no such claim: a hash of the signed text. */
  readonly tokenId?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly clientId?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly scopes?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly roles?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly sessionId?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly organization?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly acr?: ClaimSource | readonly ClaimSource[] | undefined;
  readonly amr?: ClaimSource | readonly ClaimSource[] | undefined;
  /** Epoch seconds. */
  readonly authenticatedAt?: ClaimSource | readonly ClaimSource[] | undefined;
}

/**
 * How the access tokens of a vendor differ from RFC 9068, as data. Pass the name of a built-in profile, or write one:
 *
 * @example
 * ```ts
 * const profile: IssuerProfile = { tokenTypes: ['jwt'], required: { kind: 'access' }, claims: { roles: 'groups' } };
 * ```
 */
export interface IssuerProfile {
  /** The vendor's documentation of the format. */
  readonly source?: string | undefined;
  /**
   * The accepted `typ` of the header, in lower case and without `application/` (RFC 7515 §4.1.9). `null` accepts a
   * header without `typ`.
   */
  readonly tokenTypes: readonly (string | null)[];
  /** The accepted algorithms, unless the settings have `algorithms` or `staticKeys`. Default: every asymmetric one. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** Whether the settings may have a `secret` for HS256. Default false. */
  readonly allowsSecret?: boolean | undefined;
  /** The default of `maximumLifetimeSeconds`. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /** The default of `maximumTokenBytes`. */
  readonly maximumTokenBytes?: number | undefined;
  /** The default of `jwks.uri`. If it returns undefined, the keys are found by discovery. */
  readonly jwksUri?: ((issuer: string) => string | undefined) | undefined;
  /** Claims that a token must have: with this value, or with any value for `true`. */
  readonly required?: Readonly<Record<string, string | true>> | undefined;
  /** A token must have at least one claim of each list. */
  readonly requiredOneOf?: readonly (readonly string[])[] | undefined;
  /** Claims that a token must not have, because only ID tokens have them. */
  readonly forbidden?: readonly string[] | undefined;
  /** Audiences that the settings must not name, and the reason. */
  readonly forbiddenAudience?: { readonly pattern: RegExp; readonly reason: string } | undefined;
  /** The part of `issuer` in the settings that stands for the tenant, and the claim that repeats the tenant. */
  readonly tenant?: { readonly placeholder: string; readonly pattern: RegExp; readonly claim: string } | undefined;
  /**
   * The places of the principal's values. A member that is absent has no value, except `subject` (`sub`), `audience`
   * (`aud`), and `tokenId` (`jti`).
   */
  readonly claims?: ClaimMapping | undefined;
}
