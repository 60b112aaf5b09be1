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

/** What an access token says; an absent or empty member is no claim at all. */
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
  /** Whom the token is for; by default the configured audience. */
  readonly audience?: string | readonly string[] | undefined;
  /** By default the configured lifetime. */
  readonly lifetimeSeconds?: number | undefined;
  /** Further claims; those that this class writes itself cannot be overridden. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** An access token and what its receiver needs to know of it. */
export interface IssuedAccessToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** The claim `jti`. */
  readonly tokenId: string;
}

/**
 * Issues access tokens that any resource server can verify by the JWKS alone.
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
   * Issues a token (`typ: at+jwt`) that is valid from now on.
   *
   * @throws ReservedClaimError when `extra` names a claim that only this class may write, or what every object has, such as
   *   `constructor`
   * @throws MalformedScopeError for a scope that a verifier would read as several, or not at all
   * @throws AccessTokenTooLargeError when no verifier would read the token (8 KiB)
   * @throws NoActiveKeyError when no key can sign at the moment
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
  // Names such as `constructor`: a library that looks claims up in an object finds something there.
  return RESERVED_CLAIMS.has(claim) || claim in Object.prototype;
}
