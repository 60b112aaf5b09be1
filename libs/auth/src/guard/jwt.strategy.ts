import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { InvalidTokenError } from '../auth.errors.js';
import { tokenIn } from './bearer-token.js';
import { credentialsReaderOf } from './credentials-reader.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { CredentialsCarrier } from './bearer-token.js';
import type { Principal } from './principal.js';

/**
 * A Passport strategy that calls `AccessTokenVerifier`, for teams that combine strategies. Its name is `postern-jwt`.
 *
 * `request.user` is the principal. After a missing or invalid token, Passport tries the next strategy of a chain; a 503
 * ends the chain.
 *
 * @example
 * ```ts
 * \@UseGuards(AuthGuard(['postern-jwt', 'api-key']))
 * ```
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(passport.Strategy, 'postern-jwt') {
  constructor(private readonly verifier: AccessTokenVerifier) {
    super();
  }

  /** Passport calls this with the request of the adapter, Express or Fastify. */
  override authenticate(request: CredentialsCarrier): void {
    this.validate(request).then(
      (principal) => this.success(principal),
      (error: unknown) => (error instanceof InvalidTokenError ? this.fail(error, error.status) : this.error(error)),
    );
  }

  /**
   * Returns the principal of the request's bearer token.
   *
   * @throws MissingTokenError, InvalidTokenError, CrossSiteRequestError, RevocationsUnknownError,
   *   ServiceUnavailableError
   */
  async validate(request: CredentialsCarrier): Promise<Principal> {
    return this.verifier.verify(tokenIn(credentialsReaderOf(this.verifier)(request)));
  }
}
