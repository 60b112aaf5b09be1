import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from 'postern/auth';
import { isScopeToken } from 'postern/jws';
import { TokenSigner } from './token-signer.js';
import { AccessTokenTooLargeError, MalformedScopeError, ReservedClaimError } from './tokens.errors.js';
import { CheckedTokensSettings } from './tokens.settings.js';

const MAX_TOKEN_BYTES = 8192;

const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  'iss aud sub iat nbf exp jti sid client_id scope roles org acr amr auth_time cnf act may_act azp events'.split(' '),
);

/** The claims of an access token. An absent or empty member becomes no claim. */
export interface AccessTokenClaims {
  readonly subject: string;
  readonly sessionId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly organization?: string | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  readonly authenticatedAt?: Date | undefined;
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
   * @throws AccessTokenTooLargeError when the token exceeds 8 KiB, the limit of verifiers
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
      ...(claims.sessionId && { sid: claims.sessionId }),
      ...(claims.clientId && { client_id: claims.clientId }),
      ...(claims.scopes?.length && { scope: claims.scopes.join(' ') }),
      ...(claims.roles?.length && { roles: claims.roles }),
      ...(claims.organization && { org: claims.organization }),
      ...(claims.acr && { acr: claims.acr }),
      ...(claims.amr?.length && { amr: claims.amr }),
      ...(claims.authenticatedAt && { auth_time: Math.floor(claims.authenticatedAt.getTime() / 1000) }),
    };
    const token = await this.signer.sign(payload, { typ: 'at+jwt' });
    if (token.length > MAX_TOKEN_BYTES) throw new AccessTokenTooLargeError();
    return { token, expiresInSeconds, tokenId };
  }
}

function isReserved(claim: string): boolean {
  // A library that looks up the claim `constructor` in an object would find the inherited member.
  return RESERVED_CLAIMS.has(claim) || claim in Object.prototype;
}
