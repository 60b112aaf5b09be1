/**
 * Turns passwords into something that may be stored. Replace it by passing a class to `PasswordModule.forRoot`.
 * Both methods receive the password already normalised (NFKC) and within the byte limit. `PasswordsService` calls them, and
 * bounds how many run at once: do not call them past it while the server answers requests.
 *
 * A failed login without an account verifies the stored hash of some other account and ignores the result, so that its time
 * has the same distribution as that of accounts, whatever your format and its parameters are. `verify` must therefore
 * depend on nothing but its two arguments, and must have no effect.
 * @example
 * ```ts
 * @Injectable()
 * class PepperedHasher extends Argon2PasswordHasher {
 *   override hash(password: string) { return super.hash(pepper(password)); }
 *   override verify(hash: string, password: string) { return super.verify(hash, pepper(password)); }
 * }
 * PasswordModule.forRoot({ hasher: PepperedHasher });
 * ```
 */
export abstract class PasswordHasher {
  /**
   * A text that verifies this password later and tells nothing else about it; another one at each call.
   */
  abstract hash(password: string): Promise<string>;
  /**
   * Whether `hash` was made of this password. Takes the same time for every password, and for an unreadable `hash` the
   * time of a current one: a failed login must not show by its time why it failed.
   */
  abstract verify(hash: string, password: string): Promise<boolean>;
  /** Whether `hash` was made with other parameters than `hash()` uses now. */
  abstract needsRehash(hash: string): boolean;
}
