import { AuthError } from 'postern/problem';

/** The refresh token is malformed, forged, reused or expired, or its session has ended: one error for all reasons. */
export class RefreshTokenInvalidError extends AuthError {
  readonly code = 'refresh-token-invalid';
  readonly status = 401;
  readonly title = 'The refresh token is not valid; sign in again.';
}

/** The account is disabled and cannot sign in. */
export class AccountDisabledError extends AuthError {
  readonly code = 'account-disabled';
  readonly status = 403;
  readonly title = 'This account is disabled.';
}

/** The user has no such live session. The session of another user gets the same error. */
export class SessionNotFoundError extends AuthError {
  readonly code = 'session-not-found';
  readonly status = 404;
  readonly title = 'There is no such session.';
}

/** The route needs a session, and the token has none, such as the token of a service. */
export class SessionMissingError extends AuthError {
  readonly code = 'session-missing';
  readonly status = 403;
  readonly title = 'This token belongs to no session.';
}

/** The setting `impersonation` does not allow administrators to act as users. */
export class ImpersonationDisabledError extends AuthError {
  readonly code = 'impersonation-disabled';
  readonly status = 403;
  readonly title = 'This server does not allow administrators to act as users.';
}

/** The code of each error of this lib. */
export type SessionsErrorCode = (
  | RefreshTokenInvalidError
  | AccountDisabledError
  | SessionNotFoundError
  | SessionMissingError
  | ImpersonationDisabledError
)['code'];
