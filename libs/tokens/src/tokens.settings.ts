import { inspect } from 'node:util';
import { issuerProblem } from './issuer-address.js';
import type { JsonWebKey } from 'node:crypto';
import { MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS } from 'postern/auth';
import { isJwtAlgorithm, JWT_ALGORITHMS } from 'postern/jws';
import type { JwtAlgorithm } from 'postern/jws';

/** A key by configuration, for teams that manage their own. */
export interface StaticSigningKeySettings {
  readonly algorithm: JwtAlgorithm;
  /** The private key, PKCS #8 (or SEC 1, PKCS #1) PEM or JWK; `kty: "oct"` for HS256. */
  readonly privateKey?: string | JsonWebKey | undefined;
  /** The secret of HS256 as text of at least 32 bytes; its UTF-8 bytes are the key. */
  readonly secret?: string | undefined;
  /** A public key alone, PEM or JWK: it proves older tokens, and signs none. */
  readonly publicKey?: string | JsonWebKey | undefined;
  /** By default the `kid` of the JWK, else the thumbprint: the one of RFC 7638, or for a secret an HMAC under it. */
  readonly kid?: string | undefined;
}

/** What a team may set about tokens and keys. Plain data, checked at boot. */
export interface TokensSettings {
  /** The claim `iss`, and where the metadata is found: a URL without query and fragment. */
  readonly issuer: string;
  /** The claim `aud` of access tokens. */
  readonly audience: string | readonly string[];
  /** The instance secret: at least 32 bytes of text, the same in every replica. */
  readonly secret: string;
  /**
   * Secrets that are read with beside this one, while it is changed: first the one to come, then the one before. What they
   * protect is taken over at start.
   */
  readonly previousSecrets?: readonly string[] | undefined;
  /** The algorithm of access tokens; `ES256` unless told. */
  readonly algorithm?: JwtAlgorithm | undefined;
  /**
   * Algorithms that have a key beside it, e.g. `RS256` for ID tokens. After a change of `algorithm` the first one of them that is
   * published signs access tokens until services must know the new key, unless the former one is left out here.
   */
  readonly additionalAlgorithms?: readonly JwtAlgorithm[] | undefined;
  /** 900 unless told. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** The longest life that a single token may be given; the lifetime of access tokens unless told. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /**
   * The longest life that a token with a session may be given; `maximumLifetimeSeconds` unless told. So long the end of a
   * session is remembered everywhere: where services have tokens that live for days, set it to what sessions need.
   */
  readonly sessionTokenLifetimeSeconds?: number | undefined;
  /** For how long the JWKS may be cached, and a new key waits at least so long before it signs; 300 unless told. */
  readonly jwksCacheSeconds?: number | undefined;
  /** After how many days another key signs; 90 unless told. */
  readonly rotationDays?: number | undefined;
  /** The size of new RSA keys; 3072 unless told. */
  readonly rsaBits?: number | undefined;
  /** How often a replica looks for changes of the keys by itself, beside being notified; 0.5 unless told. */
  readonly keyPollSeconds?: number | undefined;
  /**
   * Whether this process takes part in keeping the ring: makes keys at start and rotates them by schedule; true unless told.
   * With `false`, for a command beside the servers, a start changes nothing, and is refused where the ring has no keys yet.
   */
  readonly keepsRing?: boolean | undefined;
  /** Keys by configuration in place of the key ring: the first of an algorithm that can sign does. */
  readonly staticKeys?: readonly StaticSigningKeySettings[] | undefined;
  /** Further members of the authorization server metadata (RFC 8414 §2); they win over ours. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Where a replica that was cut off a moment ago may still act on what it knew; kept free on both sides of a change-over. */
export const PROPAGATION_SECONDS = 10;

/**
 * The settings of this lib with every default filled in, known to be sound.
 *
 * @throws Error at boot, with a sentence that says what to write
 */
export class CheckedTokensSettings {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly algorithm: JwtAlgorithm;
  /** The algorithm of access tokens first, then the additional ones. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly accessTokenLifetimeSeconds: number;
  readonly maximumLifetimeSeconds: number;
  readonly sessionTokenLifetimeSeconds: number;
  readonly jwksCacheSeconds: number;
  readonly rotationSeconds: number;
  readonly rsaBits: number;
  readonly keyPollSeconds: number;
  readonly keepsRing: boolean;
  readonly staticKeys: readonly StaticSigningKeySettings[];
  readonly metadata: Readonly<Record<string, unknown>>;

  constructor(settings: TokensSettings) {
    this.issuer = issuerOf(settings.issuer);
    this.audience = audienceOf(settings.audience);
    this.algorithm = settings.algorithm ?? 'ES256';
    this.algorithms = [...new Set([this.algorithm, ...(settings.additionalAlgorithms ?? [])])];
    const unknown = (this.algorithms as readonly string[]).find((algorithm) => !isJwtAlgorithm(algorithm));
    if (unknown) {
      throw new Error(`TokensModule: no key can be made for ${unknown}; take one of ${JWT_ALGORITHMS.join(', ')}.`);
    }
    this.accessTokenLifetimeSeconds = within(settings, 'accessTokenLifetimeSeconds', 900, 1, 86_400);
    this.maximumLifetimeSeconds = within(
      settings,
      'maximumLifetimeSeconds',
      this.accessTokenLifetimeSeconds,
      this.accessTokenLifetimeSeconds,
      31_536_000,
    );
    this.sessionTokenLifetimeSeconds = within(
      settings,
      'sessionTokenLifetimeSeconds',
      this.maximumLifetimeSeconds,
      this.accessTokenLifetimeSeconds,
      this.maximumLifetimeSeconds,
    );
    this.jwksCacheSeconds = within(settings, 'jwksCacheSeconds', 300, 0, 86_400);
    this.rotationSeconds = within(settings, 'rotationDays', 90, 0.01, 3650) * 86_400;
    this.rsaBits = within(settings, 'rsaBits', 3072, 2048, 8192);
    this.keyPollSeconds = within(settings, 'keyPollSeconds', 0.5, 0.05, 3600);
    this.keepsRing = settings.keepsRing ?? true;
    // From an environment come texts, and "false" would count as true.
    if (typeof this.keepsRing !== 'boolean') throw new Error('TokensModule: keepsRing must be true or false.');
    this.staticKeys = settings.staticKeys ?? [];
    this.metadata = settings.metadata ?? {};
  }

  /** How long a key stands in the JWKS before it signs: until every cache of it must have been filled anew. */
  get leadSeconds(): number {
    return this.jwksCacheSeconds + PROPAGATION_SECONDS;
  }

  /** How long a key stands in the JWKS after its last signature: until the last token has expired everywhere. */
  get aftermathSeconds(): number {
    return this.maximumLifetimeSeconds + this.erasureSeconds;
  }

  /** How long a private half outlives its last signature: until a replica whose clock is late has stopped as well. */
  get erasureSeconds(): number {
    return MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS + PROPAGATION_SECONDS;
  }
}

function issuerOf(issuer: string): string {
  const problem = issuerProblem(issuer);
  if (problem !== undefined) throw new Error(`TokensModule: "issuer" ${problem}`);
  return issuer;
}

function audienceOf(audience: string | readonly string[]): string | readonly string[] {
  const list = [audience].flat();
  if (list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '')) return audience;
  throw new Error('TokensModule: audience must name whom access tokens are for, e.g. https://api.example.com');
}

type NumberSetting = {
  [Name in keyof TokensSettings]-?: NonNullable<TokensSettings[Name]> extends number ? Name : never;
}[keyof TokensSettings];

function within(settings: TokensSettings, name: NumberSetting, unlessTold: number, least: number, most: number) {
  const value = settings[name] ?? unlessTold;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new Error(`TokensModule: ${name} must be a number from ${least} to ${most}, and is ${inspect(value)}.`);
}
