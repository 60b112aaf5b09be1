import type { ModuleMetadata, Type } from '@nestjs/common';
import { issuerProblem } from './issuer-address.js';
import type { JsonWebKey } from 'node:crypto';
import { MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS } from 'postern/auth';
import type { RevocationPublisher } from 'postern/auth';
import { isJwtAlgorithm, JWT_ALGORITHMS } from 'postern/jws';
import type { JwtAlgorithm } from 'postern/jws';
import { setting, settings } from 'postern/problem';
import type { SigningKeys } from './keys/signing-keys.js';

/** A configured key, for teams that manage their own keys. */
export interface StaticSigningKeySettings {
  readonly algorithm: JwtAlgorithm;
  /** The private key, PKCS #8 (or SEC 1, PKCS #1) PEM or JWK; `kty: "oct"` for HS256. */
  readonly privateKey?: string | JsonWebKey | undefined;
  /** The secret of HS256, a string of at least 32 bytes; its UTF-8 bytes are the key. */
  readonly secret?: string | undefined;
  /** A public key, PEM or JWK. A key without a private key only verifies. */
  readonly publicKey?: string | JsonWebKey | undefined;
  /** By default the `kid` of the JWK, else the RFC 7638 thumbprint; for a secret an HMAC with it. */
  readonly kid?: string | undefined;
}

/** Settings of tokens and keys. Plain data, validated at boot. */
export interface TokensSettings {
  /** The claim `iss` and the base URL of the metadata: a URL without query and fragment. */
  readonly issuer: string;
  /** The claim `aud` of access tokens. */
  readonly audience: string | readonly string[];
  /**
   * The claim `client_id` of tokens for which the caller names no client: the first-party application. By default
   * `postern`. RFC 9068 §2.2 requires the claim.
   */
  readonly clientId?: string | undefined;
  /**
   * A longer token is not issued. By default 8,000, because common proxies end at about 8,170 characters of a header;
   * at most 14,000, because Node reads 16 KiB of headers.
   */
  readonly maximumTokenBytes?: number | undefined;
  /** The instance secret: at least 32 bytes of text, the same in every replica. */
  readonly secret: string;
  /**
   * Additional secrets that only decrypt and verify while the secret is changed: first the next secret, then the
   * former one. At start, keys under them are encrypted again under `secret`.
   */
  readonly previousSecrets?: readonly string[] | undefined;
  /** The algorithm of access tokens; by default `ES256`. */
  readonly algorithm?: JwtAlgorithm | undefined;
  /**
   * Further algorithms to keep a key for, e.g. `RS256` for ID tokens. After `algorithm` changes, the first of these
   * whose key is published signs access tokens until the new key is active.
   */
  readonly additionalAlgorithms?: readonly JwtAlgorithm[] | undefined;
  /** By default 900. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** The longest lifetime of a single token; by default `accessTokenLifetimeSeconds`. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /**
   * The longest lifetime of a token with a session; by default `maximumLifetimeSeconds`. Every replica and service
   * remembers the end of a session for this time. Set it lower if tokens without a session live for days.
   */
  readonly sessionTokenLifetimeSeconds?: number | undefined;
  /** `max-age` of the JWKS, and part of the time that a new key waits before it signs; by default 300. */
  readonly jwksCacheSeconds?: number | undefined;
  /** The days for which a key signs; by default 90. */
  readonly rotationDays?: number | undefined;
  /** The size of new RSA keys in bits; by default 3072. */
  readonly rsaBits?: number | undefined;
  /** The interval at which a replica reads the keys, in addition to notifications; by default 0.5. */
  readonly keyPollSeconds?: number | undefined;
  /**
   * Whether this process creates keys at start and rotates them by schedule; by default true. With `false`, for a
   * command beside the servers, a start changes nothing, and fails if there are no keys yet.
   */
  readonly keepsRing?: boolean | undefined;
  /** Configured keys instead of the key ring. For each algorithm, the first key with a private key signs. */
  readonly staticKeys?: readonly StaticSigningKeySettings[] | undefined;
  /** Additional members of the authorization server metadata (RFC 8414 §2). They override the members of Postern. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Classes that a team may replace. Read synchronously, also by `forRootAsync`. */
export interface TokensStructure {
  /** Holds the private keys. Default: `staticKeys` if configured, else the key ring in the database. */
  signer?: Type<SigningKeys> | undefined;
  /** Publishes the revocation of a killed key. Default: the publisher of the application. */
  revocations?: Type<RevocationPublisher> | undefined;
  /** The controllers of the routes; `false` disables a controller. */
  controllers?:
    | { jwks?: Type | false | undefined; metadata?: Type | false | undefined; keys?: Type | false | undefined }
    | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** A replica without its database uses the known keys for this time. Added before and after each change of keys. */
export const PROPAGATION_SECONDS = 10;

export const SETTINGS = settings<TokensSettings, TokensStructure>()(
  'TokensModule',
  {
    issuer: setting.custom<string>(issuerProblem),
    audience: setting.custom<string | readonly string[]>(audienceProblem),
    clientId: setting.custom<string>(clientIdProblem, 'postern'),
    maximumTokenBytes: setting.number(8000, { min: 1024, max: 14_000 }),
    // InstanceSecret checks both.
    secret: setting.secret(),
    previousSecrets: setting.secret(),
    algorithm: setting.oneOf(JWT_ALGORITHMS, 'ES256'),
    additionalAlgorithms: setting.custom<readonly JwtAlgorithm[]>(algorithmsProblem, []),
    accessTokenLifetimeSeconds: setting.number(900, { min: 1, max: 86_400 }),
    maximumLifetimeSeconds: setting.number((above) => above.accessTokenLifetimeSeconds, {
      min: (above) => above.accessTokenLifetimeSeconds,
      max: 31_536_000,
    }),
    sessionTokenLifetimeSeconds: setting.number((above) => above.maximumLifetimeSeconds, {
      min: (above) => above.accessTokenLifetimeSeconds,
      max: (above) => above.maximumLifetimeSeconds,
    }),
    jwksCacheSeconds: setting.number(300, { min: 0, max: 86_400 }),
    rotationDays: setting.number(90, { min: 0.01, max: 3650 }),
    rsaBits: setting.number(3072, { min: 2048, max: 8192 }),
    keyPollSeconds: setting.number(0.5, { min: 0.05, max: 3600 }),
    keepsRing: setting.flag(true),
    staticKeys: setting.unchecked<readonly StaticSigningKeySettings[]>([]),
    metadata: setting.unchecked<Readonly<Record<string, unknown>>>({}),
  },
  { signer: true, revocations: true, controllers: true, imports: true },
);

/**
 * The validated settings of this lib, with all defaults.
 *
 * @throws Error at boot that names the setting and says what to configure
 */
export class CheckedTokensSettings extends SETTINGS.Checked {
  /** The algorithm of access tokens first, then the additional ones. */
  readonly algorithms: readonly JwtAlgorithm[] = [...new Set([this.algorithm, ...this.additionalAlgorithms])];
  readonly rotationSeconds: number = this.rotationDays * 86_400;

  /**
   * The time for which a key is in the JWKS before it signs: until every cache has expired, also for a replica whose
   * clock is ahead of the clock that announced the key.
   */
  get leadSeconds(): number {
    return this.jwksCacheSeconds + PROPAGATION_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;
  }

  /** The time for which a key is in the JWKS after its last signature: until its last token has expired everywhere. */
  get aftermathSeconds(): number {
    return this.maximumLifetimeSeconds + this.erasureSeconds;
  }

  /**
   * The time from the last signature until the private key is erased: until replicas with a late clock have stopped,
   * too.
   */
  get erasureSeconds(): number {
    return MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS + PROPAGATION_SECONDS;
  }
}

function audienceProblem(audience: unknown): string | undefined {
  const list: readonly unknown[] = [audience].flat();
  const isNamed = list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '');
  return isNamed ? undefined : 'must name the receiver of access tokens, e.g. https://api.example.com';
}

function algorithmsProblem(algorithms: unknown): string | undefined {
  if (Array.isArray(algorithms) && algorithms.every(isJwtAlgorithm)) return undefined;
  return `must be a list of ${JWT_ALGORITHMS.join(', ')}.`;
}

/** RFC 6749 Appendix A.1: visible ASCII and spaces. A revocation can name at most 255 characters. */
function clientIdProblem(clientId: unknown): string | undefined {
  if (typeof clientId === 'string' && /^[\x20-\x7e]{1,255}$/.test(clientId) && clientId.trim() !== '') return undefined;
  return 'must have 1 to 255 printable ASCII characters, such as "web-app".';
}
