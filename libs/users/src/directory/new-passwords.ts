/**
 * The first password of a user whom an administrator creates. `PasswordModule` provides it; an application without that
 * module has no passwords.
 */
export abstract class NewPasswords {
  /**
   * Checks and hashes the password, before a transaction begins.
   *
   * @param ipAddress the address of the client, for the hashing queue
   * @returns stores the password of the user with this id, in the current transaction
   * @throws AuthError if a policy rejects the password
   */
  abstract prepare(
    password: string,
    user: { readonly email: string; readonly userFields: Readonly<Record<string, unknown>> },
    ipAddress?: string,
  ): Promise<(userId: string) => Promise<void>>;
}
