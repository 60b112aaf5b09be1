import { AuthError } from 'postern/problem';

/** The error codes of this lib, for a `switch` that the compiler narrows. */
export type UsersErrorCode =
  | 'email-taken'
  | 'email-invalid'
  | 'conflict'
  | 'user-in-use'
  | 'user-not-found'
  | 'user-has-more-rights'
  | 'confirmation-unavailable'
  | 'identity-not-confirmed';

/** Another user already has this e-mail address. */
export class EmailTakenError extends AuthError {
  readonly code = 'email-taken' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'This e-mail address belongs to another user.';
  override extensions = { errors: [{ pointer: '/email', detail: 'belongs to another user' }] };
}

/** {@link normalizeEmail} does not accept this string. */
export class InvalidEmailError extends AuthError {
  readonly code = 'email-invalid' satisfies UsersErrorCode;
  readonly status = 400;
  readonly title = 'This is not a valid e-mail address.';
  override extensions = { errors: [{ pointer: '/email', detail: 'must be an e-mail address' }] };
}

/** Another user has this value, or other data refers to the former value. `errors` names the field. */
export class UserConflictError extends AuthError {
  readonly code = 'conflict' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'A value conflicts with stored data.';
}

/** A foreign key without `ON DELETE CASCADE` or `SET NULL` refers to the user. */
export class UserInUseError extends AuthError {
  readonly code = 'user-in-use' satisfies UsersErrorCode;
  readonly status = 409;
  readonly title = 'This user cannot be deleted because other data refers to it.';
}

/** There is no user with this id. An id that is not a UUID gives the same error. */
export class UserNotFoundError extends AuthError {
  readonly code = 'user-not-found' satisfies UsersErrorCode;
  readonly status = 404;
  readonly title = 'There is no such user.';
}

/** The user has a permission that the caller does not have, so the caller cannot administer the user. */
export class UserHasMoreRightsError extends AuthError {
  readonly code = 'user-has-more-rights' satisfies UsersErrorCode;
  readonly status = 403;
  readonly title = 'You cannot administer a user who has rights that you do not have.';

  /** @param permission the first permission that the caller does not have */
  constructor(permission?: string) {
    super(
      permission && `You do not have the permission "${permission}".`,
      permission ? { extensions: { permission } } : {},
    );
  }
}

/** The act needs a confirmed identity, and no `IdentityConfirmation` is configured. */
export class ConfirmationUnavailableError extends AuthError {
  readonly code = 'confirmation-unavailable' satisfies UsersErrorCode;
  readonly status = 403;
  readonly title = 'This server cannot confirm identities, so it does not allow this request.';
}

/** The evidence of identity in the request is wrong, such as a wrong password. */
export class IdentityNotConfirmedError extends AuthError {
  readonly code = 'identity-not-confirmed' satisfies UsersErrorCode;
  readonly status = 403;
  readonly title = 'Your identity could not be confirmed.';
}
