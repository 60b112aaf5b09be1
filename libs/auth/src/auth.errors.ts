import { Logger } from '@nestjs/common';
import { AuthError } from 'postern/problem';
import type { ExecutionContext } from '@nestjs/common';

/** The stable codes of this lib's errors. */
export type AuthErrorCode =
  | 'invalid-token'
  | 'insufficient-scope'
  | 'permission-missing'
  | 'role-missing'
  | 'policy-denied'
  | 'impersonation-not-allowed'
  | 'cross-site-request'
  | 'guard-context-unsupported'
  | 'principal-unknown'
  | 'revocations-unknown';

/**
 * The one answer to every token that is not accepted. The client never learns the reason: it is in `cause`, and in
 * the log at the level `debug`.
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
 * The same answer if the request presents no token: same code, same body, and a challenge without an error.
 *
 * @see RFC 6750 §3.1
 */
export class MissingTokenError extends InvalidTokenError {
  constructor(detail?: string, options: ConstructorParameters<typeof AuthError>[1] = {}) {
    super(detail, { ...options, headers: { 'WWW-Authenticate': 'Bearer', ...options.headers } });
  }
}

/**
 * The token is valid, but lacks a scope that the route requires.
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

/** The principal lacks a permission that the route requires: a user by its roles, a service by its scopes. */
export class PermissionMissingError extends AuthError {
  override readonly code: string = 'permission-missing' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'You lack a permission that this route requires.';

  /** @param permissions the permission that is missing, or those of which one would suffice */
  constructor(permissions: readonly string[] = []) {
    super(permissions.length === 0 ? undefined : `Required: ${permissions.join(' or ')}.`, {
      ...(permissions.length > 0 && { extensions: { permissions } }),
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${permissions.join(' ')}"` },
    });
  }
}

/** The user has none of the roles that the route requires. */
export class RoleMissingError extends AuthError {
  override readonly code: string = 'role-missing' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'You lack a role that this route requires.';

  /** @param roles the roles of which one suffices */
  constructor(roles: readonly string[] = []) {
    super(roles.length === 0 ? undefined : `Required: ${roles.join(' or ')}.`, {
      ...(roles.length > 0 && { extensions: { roles } }),
      headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
    });
  }
}

/** A policy of the application does not allow the request. */
export class PolicyDeniedError extends AuthError {
  override readonly code: string = 'policy-denied' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'You may not do this.';
}

/**
 * The token is in a cookie, and the request may come from a page of another origin, which could act as the user (CSRF).
 *
 * @see RFC 9110 §9.2.1
 */
export class CrossSiteRequestError extends AuthError {
  override readonly code: string = 'cross-site-request' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'A cookie authenticates only requests from pages of the same origin.';
}

/** No carrier accepts this kind of request, so the guard cannot read its credentials and rejects it. */
export class UnsupportedContextError extends AuthError {
  override readonly code: string = 'guard-context-unsupported' satisfies AuthErrorCode;
  override readonly status: number = 500;
  override readonly title: string = 'The request was rejected: the guard cannot read its credentials.';

  constructor(contextType = 'unknown') {
    super();
    // For the log. The client reads the title.
    this.message =
      `JwtAuthGuard cannot find the token of this "${contextType}" context. Extend Carrier and pass the class to ` +
      'AuthModule.forRoot({ carriers }). A GraphQL context needs the request as its property "req".';
  }
}

/** The token is that of an administrator who acts as another user, and the route does not allow this. */
export class ImpersonationNotAllowedError extends AuthError {
  override readonly code: string = 'impersonation-not-allowed' satisfies AuthErrorCode;
  override readonly status: number = 403;
  override readonly title: string = 'Only the user itself may send this request.';
}

/**
 * A handler that is not public reads a principal or a user that no guard has set, or that the guard cannot pass to
 * the handler.
 */
export class PrincipalUnknownError extends AuthError {
  override readonly code: string = 'principal-unknown' satisfies AuthErrorCode;
  override readonly status: number = 500;
  override readonly title: string = 'The request was rejected: the application did not authenticate it.';

  constructor(context: ExecutionContext) {
    super();
    const type = context.getType<string>();
    // For the log. The client reads the title.
    const entry = `${context.getClass().name}.${context.getHandler().name}`;
    this.message =
      type === 'http'
        ? `@CurrentUser() and @CurrentPrincipal() have no value for ${entry}: no JwtAuthGuard has read this request. Put ` +
          '@UseGuards(JwtAuthGuard) on the class, or on the method above each decorator that replaces the method. Put ' +
          '@Public() on the method if it needs no user.'
        : `@CurrentUser() and @CurrentPrincipal() have no value for ${entry}: no JwtAuthGuard has read this "${type}" ` +
          'message. Put @UseGuards(JwtAuthGuard) on the class. A subclass that overrides getRequest(context) must return ' +
          'the result of super if the message is not an object. Put @Public() on the handler if it needs no user.';
  }
}

/**
 * The token may be valid, but this application currently does not know the latest revocations. A new login does not
 * help, so the status is 503 and not 401.
 */
export class RevocationsUnknownError extends AuthError {
  override readonly code: string = 'revocations-unknown' satisfies AuthErrorCode;
  override readonly status: number = 503;
  override readonly title: string = 'Revocation status is temporarily unavailable. Try again.';

  constructor(detail?: string, options: ConstructorParameters<typeof AuthError>[1] = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '1', ...options.headers } });
  }
}

const logger = new Logger('AuthModule');

/**
 * Logs an error whose message is for the team, unless the request is HTTP. On other transports Nest sends the error to
 * the client and does not log it.
 */
export function loggedBeyondHttp<E extends AuthError>(error: E, context: ExecutionContext): E {
  if (context.getType<string>() !== 'http') logger.error(error.message);
  return error;
}

/** Rejects a token. Every client gets the same answer; only the log at the level `debug` has the reason. */
export function reject(reason: string): never {
  throw new InvalidTokenError(undefined, { cause: reason });
}

const MAX_QUOTED_LENGTH = 100;
const UNPRINTABLE = /[^\x20-\x7e]/g;

/** Quotes a value from a token or a document for the log: JSON in printable ASCII, at most 100 characters. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  const end = text.length > MAX_QUOTED_LENGTH ? '…' : '';
  return text.slice(0, MAX_QUOTED_LENGTH).replaceAll(UNPRINTABLE, '?') + end;
}
