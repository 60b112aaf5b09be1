import type { Principal } from 'postern/auth';

/**
 * The roles of users, as `postern/users` and `postern/sessions` need them. `RolesModule` provides it; an application
 * without that module has no roles.
 */
export abstract class UserRoles {
  /** The names of the roles of the user, sorted. Each access token of the user names them. */
  abstract rolesOf(userId: string): Promise<readonly string[]>;

  /**
   * Allows the end of an account, or throws an `AuthError`. It is called in the transaction that disables or deletes
   * the user, after the row of the user is locked.
   */
  abstract assertMayEnd(userId: string): Promise<void>;

  /**
   * Returns an SQL condition that is true for users with the role, for a statement of the list of users.
   *
   * @param userId the SQL expression of the user's id
   * @param role the placeholder of the name of the role, such as `$1`
   * @param bound a comparison that the id satisfies as well, such as `> $2`. An index then finds the first user of a
   *   page.
   */
  abstract conditionFor(userId: string, role: string, bound?: string): string;

  /**
   * Allows the caller to change, disable, or delete the user, or to end a session of the user: the caller has every
   * permission of the user. Call it in the transaction of the change: it locks the row of the user, and no role changes
   * until the transaction ends.
   *
   * @throws UserHasMoreRightsError
   */
  abstract assertMayAdminister(userId: string, caller: Principal): Promise<void>;

  /**
   * Allows the caller to act as a user with these roles, or throws an `AuthError`: the caller has the permission
   * `users:impersonate`, and none of the roles has every permission, or a permission that the caller does not have.
   */
  abstract assertMayImpersonate(roles: readonly string[], caller: Principal): Promise<void>;
}
