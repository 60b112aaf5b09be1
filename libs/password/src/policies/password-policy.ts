/** Whose password it is to become. */
export interface PasswordContext {
  /** The user's e-mail address, normalised. */
  email: string;
  /** Further things that are known of the user, such as the fields of the registration. */
  userFields?: Readonly<Record<string, unknown>>;
}

/** One reason why a password is refused. */
export interface PasswordViolation {
  /** Stable, kebab-case, for programs: `password-too-short`. */
  readonly code: string;
  /** One sentence for the person who chose the password. Never contains the password. */
  readonly detail: string;
}

/**
 * One rule for new passwords. Asked when a password is set or changed, never at login. All rules are asked, and all
 * violations are told together. The password comes normalised (NFKC) and within the byte limit.
 * @example
 * ```ts
 * @Injectable()
 * class NotBreached extends PasswordPolicy {
 *   async check(password: string) {
 *     return (await breached(password)) ? [{ code: 'password-breached', detail: 'This password is known from a breach.' }] : [];
 *   }
 * }
 * PasswordModule.forRoot({ policies: [...shippedPasswordPolicies, NotBreached] });
 * ```
 */
export abstract class PasswordPolicy {
  /** Why this password is refused; an empty list when it is not. */
  abstract check(
    password: string,
    context: PasswordContext,
  ): readonly PasswordViolation[] | Promise<readonly PasswordViolation[]>;
}
