/** The user of the new password. */
export interface PasswordContext {
  /** The user's e-mail address, normalised. */
  email: string;
  /** Further fields of the user, such as the fields of the registration. */
  userFields?: Readonly<Record<string, unknown>>;
}

/** A violation of a policy by a password. */
export interface PasswordViolation {
  /** The stable code in kebab case, such as `password-too-short`. */
  readonly code: string;
  /** A sentence for the user. It must not contain the password. */
  readonly detail: string;
}

/**
 * A rule for new passwords. Postern calls every policy when a password is set or changed, never at login, and reports
 * all violations together. The password is normalised (NFKC) and within the byte limit.
 * @example
 * ```ts
 * @Injectable()
 * class NotBreached extends PasswordPolicy {
 *   async check(password: string) {
 *     const detail = 'This password is known from a breach.';
 *     return (await breached(password)) ? [{ code: 'password-breached', detail }] : [];
 *   }
 * }
 * PasswordModule.forRoot({ policies: [...shippedPasswordPolicies, NotBreached] });
 * ```
 */
export abstract class PasswordPolicy {
  /** Returns the violations; an empty list if the password is acceptable. */
  abstract check(
    password: string,
    context: PasswordContext,
  ): readonly PasswordViolation[] | Promise<readonly PasswordViolation[]>;
}
