import { AuthError } from 'postern/problem';

/** The application has no role of this name. */
export class RoleNotFoundError extends AuthError {
  readonly code = 'role-not-found';
  readonly status = 404;
  readonly title = 'There is no such role.';
}

/** Another role has this name. */
export class RoleExistsError extends AuthError {
  readonly code = 'role-exists';
  readonly status = 409;
  readonly title = 'A role of this name already exists.';
}

/** The role would include itself, directly or through other roles. */
export class RoleCycleError extends AuthError {
  readonly code = 'role-cycle';
  readonly status = 409;
  readonly title = 'A role cannot include itself, directly or through other roles.';
}

/** Another role includes the role, so it cannot be deleted. */
export class RoleInUseError extends AuthError {
  readonly code = 'role-in-use';
  readonly status = 409;
  readonly title = 'Another role includes this role.';
}

/** Postern needs the role, so nobody can change or delete it. */
export class SystemRoleError extends AuthError {
  readonly code = 'system-role';
  readonly status = 409;
  readonly title = 'This role belongs to the system and cannot be changed or deleted.';
}

/** The caller grants or takes a permission that the caller does not have. */
export class PermissionNotHeldError extends AuthError {
  readonly code = 'permission-not-held';
  readonly status = 403;
  readonly title = 'You cannot grant or take a permission that you do not have.';

  /** @param permission the permission that the caller does not have */
  constructor(permission?: string) {
    super(
      permission && `You do not have the permission "${permission}".`,
      permission ? { extensions: { permission } } : {},
    );
  }
}

/** The user has every permission, so no user can act as this one. */
export class AdministratorImpersonationError extends AuthError {
  readonly code = 'administrator-impersonation';
  readonly status = 403;
  readonly title = 'You cannot act as an administrator.';
}

/** The user is the last enabled administrator. */
export class LastAdministratorError extends AuthError {
  readonly code = 'last-administrator';
  readonly status = 409;
  readonly title = 'The last administrator cannot be removed, disabled, or deleted.';
}

/** The code of each error of this lib. */
export type RolesErrorCode = (
  | RoleNotFoundError
  | RoleExistsError
  | RoleCycleError
  | RoleInUseError
  | SystemRoleError
  | PermissionNotHeldError
  | LastAdministratorError
  | AdministratorImpersonationError
)['code'];
