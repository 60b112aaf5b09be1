import { AuthError } from 'postern/problem';
import type { AuthErrorOptions } from 'postern/problem';

/** The stable codes of this lib's errors. */
export type OutboundErrorCode =
  'service-token-unavailable' | 'caller-token-missing' | 'caller-token-audience' | 'origin-not-allowed';

/**
 * This application has no valid token of its own for another service, and the issuer gives none. `Retry-After`
 * (seconds) says when the lib tries again. The reason is in `cause` and in the log.
 */
export class ServiceTokenUnavailableError extends AuthError {
  override readonly code = 'service-token-unavailable' satisfies OutboundErrorCode;
  override readonly status = 503;
  override readonly title = 'A service that this request needs is temporarily unavailable.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '1', ...options.headers } });
  }
}

/**
 * A call is for the user, and no request of a user is being handled: the handler is public, the client has sent no
 * token, or the code runs outside of a request.
 */
export class CallerTokenMissingError extends AuthError {
  override readonly code = 'caller-token-missing' satisfies OutboundErrorCode;
  override readonly status = 401;
  override readonly title = 'The request calls another service for the user, and has no access token.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'WWW-Authenticate': 'Bearer', ...options.headers } });
  }
}

/** The token of the user is not for the other service: its `aud` does not contain the audience. */
export class CallerTokenAudienceError extends AuthError {
  override readonly code = 'caller-token-audience' satisfies OutboundErrorCode;
  override readonly status = 403;
  override readonly title = 'The access token is not for a service that this request calls.';

  /** @param audience the audience that is missing in the `aud` of the token */
  constructor(audience?: string, options: AuthErrorOptions = {}) {
    super(audience === undefined ? undefined : `Missing in "aud": ${audience}.`, options);
  }
}

/** `ServiceFetch` was called with a URL that is on no origin of the settings. It sends no token there. */
export class OriginNotAllowedError extends AuthError {
  override readonly code = 'origin-not-allowed' satisfies OutboundErrorCode;
  override readonly status = 500;
  override readonly title = 'The request was rejected: the application may not call this address.';

  constructor(origin = 'unknown') {
    super();
    // For the log. The client reads the title.
    this.message =
      `ServiceFetch sends tokens only to the origins of the settings, and ${origin} is not one of them. Write it into ` +
      'OutboundModule.forRoot({ services: { <name>: { audience, origins } } }), or use fetch.';
  }
}
