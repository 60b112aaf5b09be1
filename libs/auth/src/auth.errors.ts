import { AuthError } from 'postern/problem';
import type { ExecutionContext } from '@nestjs/common';

/** The stable codes of this lib's refusals. */
export type AuthErrorCode =
  'invalid-token' | 'insufficient-scope' | 'guard-context-unsupported' | 'principal-unknown' | 'revocations-unknown';

/**
 * The one answer to every token that is not accepted. It never says why: the reason is in `cause`, and in the
 * log at the level `debug`.
 *
 * @see RFC 6750 §3.1
 */
export class InvalidTokenError extends AuthError {
  override readonly code: string = 'invalid-token' satisfies AuthErrorCode;
  override readonly status: number = 401;
  override readonly title: string = 'A valid access token is required.';

  constructor(detail?: string, options: ConstructorParameters<typeof AuthError>[1] = {}) {
    super(detail, { ...options, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"', ...options.headers } });
  }
}

/**
 * The same answer where no token was presented: same code, same body, and a challenge without an error
 * (RFC 6750 §3.1: a request without credentials should not be told of one).
 */
export class MissingTokenError extends InvalidTokenError {
  constructor(detail?: string, options: ConstructorParameters<typeof AuthError>[1] = {}) {
    super(detail, { ...options, headers: { 'WWW-Authenticate': 'Bearer', ...options.headers } });
  }
}

/**
 * The token is good, and does not carry every scope that the route asks for.
 *
 * @see RFC 6750 §3.1
 */
export class InsufficientScopeError extends AuthError {
  override readonly code: string = 'insufficient-scope' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'The access token lacks a scope that this route requires.';

  /** @param scopes every scope the route requires, not only the missing ones */
  constructor(scopes: readonly string[] = []) {
    super(undefined, {
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"` },
    });
  }
}

/** The guard stands before an entry point whose request it cannot read (RPC, WebSocket, GraphQL), and keeps it shut. */
export class UnsupportedContextError extends AuthError {
  override readonly code: string = 'guard-context-unsupported' satisfies AuthErrorCode;
  override readonly status: number = 500;
  override readonly title: string = 'This entry point is shut: the guard cannot read its credentials.';

  constructor(contextType = 'unknown') {
    super();
    // For the log of whoever set it up; what the caller reads is the title.
    this.message =
      `JwtAuthGuard reads HTTP requests and this context is "${contextType}": extend JwtAuthGuard, override ` +
      'getRequest(context) and pass the class to AuthModule.forRoot({ guard }), or verify with AccessTokenVerifier.';
  }
}

/**
 * A handler that is not public asks for a principal or a user that no guard has set, or that the guard cannot hand
 * over.
 */
export class PrincipalUnknownError extends AuthError {
  override readonly code: string = 'principal-unknown' satisfies AuthErrorCode;
  override readonly status: number = 500;
  override readonly title: string = 'This entry point is shut: the application does not know who calls it.';

  constructor(context: ExecutionContext) {
    super();
    const type = context.getType<string>();
    // For the log: the client reads the title.
    const entry = `${context.getClass().name}.${context.getHandler().name}`;
    this.message =
      type === 'http'
        ? `@CurrentUser() and @CurrentPrincipal() find nobody for ${entry}: no JwtAuthGuard has read this request. Put ` +
          '@UseGuards(JwtAuthGuard) before the class, or before the method and above each decorator that replaces the ' +
          'method. Or put @Public() before the method, if nobody need be there.'
        : `@CurrentUser() and @CurrentPrincipal() find nobody for ${entry}: no JwtAuthGuard has read this "${type}" ` +
          'message. Put a subclass that overrides getRequest(context) before it, which must return the client itself if ' +
          'the message is not an object; or @Public(), if nobody need be there.';
  }
}

/**
 * The token may be good, and nobody can tell: what was revoked of late is not known here at the moment. No sign-in
 * mends it, so it is no 401.
 */
export class RevocationsUnknownError extends AuthError {
  override readonly code: string = 'revocations-unknown' satisfies AuthErrorCode;
  override readonly status: number = 503;
  override readonly title: string = 'What was revoked of late is not known here at the moment; try again.';

  constructor(detail?: string, options: ConstructorParameters<typeof AuthError>[1] = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '1', ...options.headers } });
  }
}

/** Rejects a token. The client reads the one answer of all invalid tokens; only the log at the level `debug` has the reason. */
export function reject(reason: string): never {
  throw new InvalidTokenError(undefined, { cause: reason });
}
