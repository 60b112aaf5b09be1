import { AuthError } from 'postern/problem';
import type { AuthErrorOptions } from 'postern/problem';
import type { PasswordViolation } from './policies/password-policy.js';

/**
 * The login failed. Unknown address, wrong password, no password set, account disabled: always this one answer,
 * in the same time.
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

/** The new password breaks one rule or several; `errors` names each. */
export class PasswordRejectedError extends AuthError {
  readonly code = 'password-rejected';
  readonly status = 400;
  readonly title = 'Choose another password.';

  /** Makes the error from the violations found in the field at `pointer` (RFC 6901). */
  static of(pointer: string, violations: readonly PasswordViolation[]): PasswordRejectedError {
    const errors = violations.map(({ code, detail }) => ({ pointer, detail, code }));
    return new PasswordRejectedError(undefined, { extensions: { errors } });
  }
}

/** The current password, asked before the change, is wrong. Not 401: the access token is in order. */
export class CurrentPasswordWrongError extends AuthError {
  readonly code = 'current-password-wrong';
  readonly status = 403;
  readonly title = 'The current password is wrong.';
}

/** Too many passwords are being hashed; `Retry-After` says in how many seconds to come again. */
export class HashingOverloadedError extends AuthError {
  readonly code = 'busy';
  readonly status = 503;
  readonly title = 'Too many are signing in at this moment. Try again shortly.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '5', ...options.headers } });
  }
}

/** The codes of this lib's errors. */
export type PasswordErrorCode =
  | InvalidCredentialsError['code']
  | PasswordRejectedError['code']
  | CurrentPasswordWrongError['code']
  | HashingOverloadedError['code'];
