import type { JwtAlgorithm, VerificationKey } from 'postern/jws';

export type { VerificationKey };

/**
 * Finds the keys of each issuer. A key of one issuer never verifies a token of another, so each method gets the
 * issuer that the token names.
 *
 * @example
 * ```ts
 * \@Injectable()
 * class RingKeys extends VerificationKeys {
 *   constructor(private readonly ring: KeyRingVerificationKeys) { super(); }
 *   override find(issuer: string, kid?: string) { return issuer === OURS ? this.ring.key(kid) : undefined; }
 *   override isLive(issuer: string, kid: string) { return issuer === OURS && this.ring.has(kid); }
 * }
 * ```
 */
export abstract class VerificationKeys {
  /**
   * Returns the key, or undefined if the issuer has none of that name. Returns a promise only if the key must be
   * fetched. It never throws because of a token, and its requests to the network have fixed bounds.
   *
   * @param kid undefined for a token that names no key: return a key only if no other key fits
   * @param alg the algorithm of the token, to choose between keys that share the `kid`
   */
  abstract find(
    issuer: string,
    kid: string | undefined,
    alg?: JwtAlgorithm,
  ): VerificationKey | undefined | Promise<VerificationKey | undefined>;

  /** Whether the key still verifies. It is called at each use of a cached token, so it answers from memory. */
  abstract isLive(issuer: string, kid: string, alg?: JwtAlgorithm): boolean;

  /**
   * Whether any key of the issuer is known. Without a key its tokens get 503 instead of 401, because a 401 makes
   * clients discard good tokens.
   */
  knows(_issuer: string): boolean {
    return true;
  }

  /**
   * Called when the issuer reports that its keys have changed. An implementation that fetches keys may then fetch
   * them early. Resolves after the attempt, and never rejects.
   */
  renew(_issuer: string): Promise<void> {
    return Promise.resolve();
  }
}
