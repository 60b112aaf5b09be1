import { Injectable } from '@nestjs/common';
import { MalformedJwsError, verifyJws } from 'postern/jws';
import { AuthError, ServiceUnavailableError } from 'postern/problem';
import { InvalidTokenError, reject, RevocationsUnknownError } from '../auth.errors.js';
import { credentialsWith, tokenIn } from '../guard/bearer-token.js';
import { Clock } from '../revocations/clock.js';
import { isThenable } from '../guard/is-thenable.js';
import { VerificationKeys } from '../keys/verification-keys.js';
import { issuedAheadSeconds } from './access-token-rules.js';
import { parseAccessToken } from './parse-access-token.js';
import { TokenStatus } from './token-status.js';
import { TrustedIssuers } from './trusted-issuers.js';
import { validateClaims } from './validate-claims.js';
import { notePresentedToken } from './presented-token.js';
import { VerifiedToken, VerifiedTokenCache } from './verified-token-cache.js';
import type { VerificationKey } from 'postern/jws';
import type { Principal } from '../guard/principal.js';
import type { ParsedToken } from './parse-access-token.js';

/**
 * Verifies access tokens. It is the only path: `JwtAuthGuard` and `JwtStrategy` use it, and a WebSocket gateway, a
 * microservice, or a queue consumer calls it directly.
 *
 * Parse the token, resolve the key, verify the signature, validate the claims, cache the result.
 *
 * @example
 * ```ts
 * const principal = await verifier.verify(message.token);
 * ```
 */
@Injectable()
export class AccessTokenVerifier {
  constructor(
    private readonly issuers: TrustedIssuers,
    private readonly keys: VerificationKeys,
    private readonly status: TokenStatus,
    private readonly cache: VerifiedTokenCache,
    private readonly clock: Clock,
  ) {}

  /**
   * Verifies a token and returns its principal.
   *
   * @param token the token alone, without `Bearer`
   * @throws InvalidTokenError for every invalid token, whatever the reason
   * @throws RevocationsUnknownError for a valid token if the settings reject it while revocations are unknown
   * @throws ServiceUnavailableError while no key of the issuer is known
   */
  async verify(token: string): Promise<Principal> {
    if (typeof token !== 'string') return reject('not a string');
    return this.verifyCredentials(credentialsWith(token));
  }

  /**
   * Verifies the credentials of a request, and returns a promise only if a key must be fetched. The whole header
   * value is the key of the cache, which avoids a slice of the string at every request.
   *
   * @param credentials `Bearer`, a space, and the token
   * @throws InvalidTokenError, RevocationsUnknownError, ServiceUnavailableError
   */
  verifyCredentials(credentials: string): Principal | Promise<Principal> {
    const cached = this.cached(credentials);
    if (cached !== undefined) return cached;
    try {
      const token = parseAccessToken(tokenIn(credentials), this.issuers);
      const key = this.keys.find(token.rules.issuer, token.jws.kid, token.jws.alg);
      if (isThenable(key)) return this.verifyLater(token, key, credentials);
      return this.verifyWith(token, key, credentials);
    } catch (error) {
      throw rejectionOf(error);
    }
  }

  /** Whether the token is from the application's own issuer: the one at the top of the settings. */
  isOfOwnIssuer({ issuer }: Principal): boolean {
    return this.issuers.isOwn(issuer);
  }

  private cached(credentials: string): Principal | undefined {
    const verified = this.cache.get(credentials);
    if (verified === undefined) return undefined;
    if (!this.status.isStillValid(verified, this.clock.now() / 1000)) {
      this.cache.delete(credentials);
      return undefined;
    }
    this.status.assertRevocationsKnown(verified);
    return verified.principal;
  }

  private async verifyLater(
    token: ParsedToken,
    key: PromiseLike<VerificationKey | undefined>,
    credentials: string,
  ): Promise<Principal> {
    try {
      return this.verifyWith(token, await key, credentials);
    } catch (error) {
      throw rejectionOf(error);
    }
  }

  private verifyWith(token: ParsedToken, found: VerificationKey | undefined, credentials: string): Principal {
    const key = this.matchKey(token, found);
    if (!verifyJws(token.jws, key)) reject('signature does not match the key');
    const now = this.clock.now() / 1000;
    const principal = validateClaims(token, key.kid, now);
    const { rules, claims } = token;
    const { clockToleranceSeconds: tolerance } = rules;
    const notBefore = (claims.nbf as number | undefined) ?? 0;
    const startsAt = Math.max(principal.issuedAt - issuedAheadSeconds(rules), notBefore - tolerance);
    const verified = new VerifiedToken(credentials, principal, key.alg, startsAt, principal.expiresAt + tolerance);
    if (!this.status.isStillValid(verified, now)) reject('revoked, or its key is gone');
    this.cache.add(verified, now);
    notePresentedToken(principal, credentials);
    this.status.assertRevocationsKnown(verified);
    return principal;
  }

  /** RFC 8725 §3.1: a key verifies its one algorithm, so a public key is never used as a secret. */
  private matchKey({ jws, rules }: ParsedToken, key: VerificationKey | undefined): VerificationKey {
    if (key === undefined) {
      if (this.keys.knows(rules.issuer)) return reject('no key of the issuer, or more than one, fits kid and alg');
      throw new ServiceUnavailableError('The keys of the issuer are currently not available.');
    }
    if (jws.kid !== undefined && jws.kid !== key.kid) reject('the key has another kid');
    const { tenants, tenant } = rules;
    if (key.issuer !== undefined && tenants && !tenants.matches(key.issuer, tenant!, rules.issuer)) {
      reject('the key is for the tokens of another tenant');
    }
    if (jws.alg !== key.alg) reject('algorithm is not that of the key');
    return key;
  }
}

/** Maps a failure to the error for the client. A 503 stays a 503, because a new login does not help. */
function rejectionOf(failure: unknown): AuthError {
  if (failure instanceof InvalidTokenError) return failure;
  if (failure instanceof RevocationsUnknownError || failure instanceof ServiceUnavailableError) return failure;
  // The message of MalformedJwsError quotes nothing of the token.
  const cause = failure instanceof MalformedJwsError ? failure.message : failure;
  return new InvalidTokenError(undefined, { cause });
}
