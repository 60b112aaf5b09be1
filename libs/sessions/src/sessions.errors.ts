import { AuthError } from 'postern/problem';

/** The refresh token is malformed, forged, spent, expired, or its session has ended: one answer for all of them. */
export class RefreshTokenInvalidError extends AuthError {
  readonly code = 'refresh-token-invalid';
  readonly status = 401;
  readonly title = 'The refresh token is not valid; sign in again.';
}

/** The account may not sign in, because it is disabled. */
export class AccountDisabledError extends AuthError {
  readonly code = 'account-disabled';
  readonly status = 403;
  readonly title = 'This account is disabled.';
}

/** The signed-in user has no such live session; somebody else's looks the same. */
export class SessionNotFoundError extends AuthError {
  readonly code = 'session-not-found';
  readonly status = 404;
  readonly title = 'There is no such session.';
}

/** The route speaks of the caller's session, and the token belongs to none, such as a service's own token. */
export class SessionMissingError extends AuthError {
  readonly code = 'session-missing';
  readonly status = 403;
  readonly title = 'This token belongs to no session.';
}

/** The code of each error of this lib. */
export type SessionsErrorCode = (
  RefreshTokenInvalidError | AccountDisabledError | SessionNotFoundError | SessionMissingError
)['code'];
