import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from 'postern/auth';
import type { Actor } from 'postern/auth';
import { isScopeToken, MAX_CLAIMS_DEPTH, readJsonObject } from 'postern/jws';
import { TokenSigner } from './token-signer.js';
import {
  AccessTokenTooLargeError,
  MalformedClaimError,
  MalformedScopeError,
  ReservedClaimError,
} from './tokens.errors.js';
import { CheckedTokensSettings } from './tokens.settings.js';

/** In JSON, behind an even number of backslashes. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** How many claims the error about a token that is too long names. */
const LARGEST_CLAIMS = 3;

const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  'iss aud sub iat nbf exp jti sid client_id scope roles org acr amr auth_time cnf act may_act azp events'.split(' '),
);

/** The claims of an access token. An absent or empty member becomes no claim. */
export interface AccessTokenClaims {
  readonly subject: string;
  readonly sessionId?: string | undefined;
  /** The claim `client_id`; by default the configured client. */
  readonly clientId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly organization?: string | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  readonly authenticatedAt?: Date | undefined;
  /** The claim `act` (RFC 8693 §4.1): the party that acts as the subject. */
  readonly actor?: Actor | undefined;
  /** The claim `aud`; by default the configured audience. */
  readonly audience?: string | readonly string[] | undefined;
  /** By default `accessTokenLifetimeSeconds`; limited by the configured maximum. */
  readonly lifetimeSeconds?: number | undefined;
  /** Additional claims. They cannot override the claims of this class. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** An access token, its lifetime and its id. */
export interface IssuedAccessToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** The claim `jti`. */
  readonly tokenId: string;
}

/**
 * Issues access tokens. A resource server verifies them with the JWKS alone.
 *
 * @see RFC 9068 §2
 */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly signer: TokenSigner,
    private readonly clock: Clock,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /**
   * Issues a token (`typ: at+jwt`) that is valid immediately.
   *
   * @throws ReservedClaimError when `extra` names a claim of this class or a member of every object, such as
   *   `constructor`
   * @throws MalformedScopeError when a scope is not a scope token of RFC 6749 §3.3
   * @throws MalformedClaimError when a claim is not JSON, is nested deeper than 7 levels, or has a lone surrogate
   * @throws AccessTokenTooLargeError when the token is longer than `maximumTokenBytes`
   * @throws NoActiveKeyError when no key can currently sign
   */
  async issue(claims: AccessTokenClaims): Promise<IssuedAccessToken> {
    const reserved = Object.keys(claims.extra ?? {}).find(isReserved);
    if (reserved) throw new ReservedClaimError(reserved);
    if (!(claims.scopes ?? []).every(isScopeToken)) throw new MalformedScopeError();

    const expiresInSeconds = Math.min(
      claims.lifetimeSeconds ?? this.settings.accessTokenLifetimeSeconds,
      claims.sessionId ? this.settings.sessionTokenLifetimeSeconds : this.settings.maximumLifetimeSeconds,
    );
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const tokenId = randomUUID();
    const payload = {
      ...claims.extra,
      iss: this.settings.issuer,
      aud: claims.audience ?? this.settings.audience,
      sub: claims.subject,
      iat: issuedAt,
      exp: issuedAt + expiresInSeconds,
      jti: tokenId,
      client_id: claims.clientId || this.settings.clientId,
      ...(claims.sessionId && { sid: claims.sessionId }),
      ...(claims.scopes?.length && { scope: claims.scopes.join(' ') }),
      ...(claims.roles?.length && { roles: claims.roles }),
      ...(claims.organization && { org: claims.organization }),
      ...(claims.acr && { acr: claims.acr }),
      ...(claims.amr?.length && { amr: claims.amr }),
      ...(claims.actor && { act: { sub: claims.actor.subject, roles: claims.actor.roles } }),
      ...(claims.authenticatedAt && { auth_time: Math.floor(claims.authenticatedAt.getTime() / 1000) }),
    };
    assertReadable(payload);
    const token = await this.signer.sign(payload, { typ: 'at+jwt' });
    const { maximumTokenBytes } = this.settings;
    if (token.length > maximumTokenBytes) {
      throw new AccessTokenTooLargeError(token.length, maximumTokenBytes, largestOf(payload));
    }
    return { token, expiresInSeconds, tokenId };
  }
}

function isReserved(claim: string): boolean {
  // A library that looks up the claim `constructor` in an object would find the inherited member.
  return RESERVED_CLAIMS.has(claim) || claim in Object.prototype;
}

/**
 * Checks that verifiers can read the claims.
 *
 * @throws MalformedClaimError that names the first claim that they cannot read
 */
function assertReadable(payload: Readonly<Record<string, unknown>>): void {
  if (defectOf(payload) === undefined) return;
  for (const [name, value] of Object.entries(payload)) {
    const defect = defectOf({ [name]: value });
    if (defect !== undefined) throw new MalformedClaimError(name, defect);
  }
}

function defectOf(claims: object): string | undefined {
  let text: string;
  try {
    text = JSON.stringify(claims);
  } catch {
    return 'cannot be written as JSON';
  }
  // `JSON.stringify` escapes a surrogate only if it is alone.
  if (LONE_SURROGATE.test(text)) return 'has a lone surrogate, as of a text that was cut inside a character';
  if (readJsonObject(Buffer.from(text), MAX_CLAIMS_DEPTH) === undefined) {
    return `is nested deeper than ${MAX_CLAIMS_DEPTH - 1} levels`;
  }
  return undefined;
}

function largestOf(payload: Readonly<Record<string, unknown>>): [string, number][] {
  return Object.entries(payload)
    .map(([name, value]): [string, number] => [name, Buffer.byteLength(JSON.stringify(value) ?? '')])
    .sort(([, left], [, right]) => right - left)
    .slice(0, LARGEST_CLAIMS);
}
