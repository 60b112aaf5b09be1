import { AuthError } from 'postern/problem';
import type { AuthErrorOptions } from 'postern/problem';
import type { PasswordViolation } from './policies/password-policy.js';

/**
 * The login failed. An unknown address, a wrong password, a missing password and a disabled account give the same
 * response in the same time.
 * @see RFC 6750 §3 for the header
 */
export class InvalidCredentialsError extends AuthError {
  readonly code = 'invalid-credentials';
  readonly status = 401;
  readonly title = 'The e-mail address or the password is wrong.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'WWW-Authenticate': 'Bearer', ...options.headers } });
  }
}

/** The new password violates at least one policy. `errors` lists every violation. */
export class PasswordRejectedError extends AuthError {
  readonly code = 'password-rejected';
  readonly status = 400;
  readonly title = 'Choose another password.';

  /** Creates the error for the violations of the field at `pointer` (RFC 6901). */
  static of(pointer: string, violations: readonly PasswordViolation[]): PasswordRejectedError {
    const errors = violations.map(({ code, detail }) => ({ pointer, detail, code }));
    return new PasswordRejectedError(undefined, { extensions: { errors } });
  }
}

/** The current password is wrong. The status is not 401, because the access token is valid. */
export class CurrentPasswordWrongError extends AuthError {
  readonly code = 'current-password-wrong';
  readonly status = 403;
  readonly title = 'The current password is wrong.';
}

/** The user has no password, so only a login of the last minutes confirms the identity. */
export class RecentLoginRequiredError extends AuthError {
  readonly code = 'recent-login-required';
  readonly status = 403;
  readonly title = 'Log in again: the last login is too old to confirm your identity.';
}

/** Too many password hashes wait. `Retry-After` gives the delay in seconds. */
export class HashingOverloadedError extends AuthError {
  readonly code = 'busy';
  readonly status = 503;
  readonly title = 'Too many login requests. Try again shortly.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '5', ...options.headers } });
  }
}

/** The codes of this lib's errors. */
export type PasswordErrorCode =
  | InvalidCredentialsError['code']
  | PasswordRejectedError['code']
  | CurrentPasswordWrongError['code']
  | RecentLoginRequiredError['code']
  | HashingOverloadedError['code'];
