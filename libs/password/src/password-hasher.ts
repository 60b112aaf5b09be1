/**
 * Turns passwords into something that may be stored. Replace it by passing a class to `PasswordModule.forRoot`.
 * Both methods receive the password already normalised (NFKC) and within the byte limit.
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
   * A text that proves this password later and tells nothing else about it; another one at each call.
   * @throws HashingOverloadedError when too many hashes are waiting
   */
  abstract hash(password: string): Promise<string>;
  /**
   * Whether `hash` was made of this password. Costs what one hash costs, also when the answer is no and when
   * `hash` is unreadable: a failed login is told by its answer, never by its time.
   * @throws HashingOverloadedError when too many hashes are waiting
   */
  abstract verify(hash: string, password: string): Promise<boolean>;
  /** Whether `hash` was made with other parameters than `hash()` uses now. */
  abstract needsRehash(hash: string): boolean;
}
