/**
 * Hashes and verifies passwords. Pass your own class to `PasswordModule.forRoot` to replace the default.
 * Both methods receive the password normalised (NFKC) and within the byte limit. `PasswordHashing` calls them and
 * bounds the number of concurrent hashes. Do not call them directly while the server answers requests.
 *
 * A login without an account verifies the stored hash of another account and ignores the result, so that its time has
 * the same distribution. `verify` must therefore depend on its two arguments only, and must not have side effects.
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
  /** Returns a new salted hash of the password. */
  abstract hash(password: string): Promise<string>;
  /**
   * Returns whether `hash` is a hash of this password. Takes the same time for every password. An unreadable `hash`
   * takes the time of a current hash, because the time of a failed login must not reveal the reason.
   */
  abstract verify(hash: string, password: string): Promise<boolean>;
  /** Returns whether `hash` has other parameters than `hash()` currently uses. */
  abstract needsRehash(hash: string): boolean;
}
