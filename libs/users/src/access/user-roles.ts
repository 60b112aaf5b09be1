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
}
