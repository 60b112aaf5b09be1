import { AuthError } from 'postern/problem';

/** The codes of this lib's errors, for a `switch` that the compiler narrows. */
export type UsersErrorCode =
  | 'email-taken'
  | 'email-invalid'
  | 'conflict'
  | 'user-in-use'
  | 'user-not-found'
  | 'confirmation-unavailable'
  | 'identity-not-confirmed';

/** Another user has this address already. */
export class EmailTakenError extends AuthError {
  readonly code = 'email-taken' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'This e-mail address belongs to another user.';
  override extensions = { errors: [{ pointer: '/email', detail: 'belongs to another user' }] };
}

/** The text is no e-mail address that {@link normalizeEmail} accepts. */
export class InvalidEmailError extends AuthError {
  readonly code = 'email-invalid' satisfies UsersErrorCode;
  readonly status = 400;
  readonly title = 'This is no e-mail address that can be used here.';
  override extensions = { errors: [{ pointer: '/email', detail: 'must be an e-mail address' }] };
}

/** A value cannot stand beside what is stored: another user has it, or other data refers to the one before; `errors` names the field. */
export class UserConflictError extends AuthError {
  readonly code = 'conflict' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'A value conflicts with what is stored already.';
}

/** Other data refers to the user, and is not deleted along with it. */
export class UserInUseError extends AuthError {
  readonly code = 'user-in-use' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'Other data refers to this user, who therefore cannot be deleted.';
}

/** There is no such user; also said of an id that is no UUID. */
export class UserNotFoundError extends AuthError {
  readonly code = 'user-not-found' satisfies UsersErrorCode;
  readonly status = 404;
  readonly title = 'There is no such user.';
}

/** No way to confirm who asks has been set up, and what was asked for is not done without. */
export class ConfirmationUnavailableError extends AuthError {
  readonly code = 'confirmation-unavailable' satisfies UsersErrorCode;
  readonly status = 403;
  readonly title = 'This server has no way to confirm your identity, so this is not possible here.';
}

/** The proof of identity that came with the request does not hold. */
export class IdentityNotConfirmedError extends AuthError {
  readonly code = 'identity-not-confirmed' satisfies UsersErrorCode;
  readonly status = 403;
  readonly title = 'Your identity could not be confirmed.';
}
