import type { VerificationKey } from 'postern/jws';

export type { VerificationKey };

/**
 * Knows the keys of each issuer. A key of one issuer never proves a token of another, so both methods are asked with the
 * issuer that the token names.
 *
 * @example
 * \@Injectable()
 * class RingKeys extends VerificationKeys {
 *   constructor(private readonly ring: KeyRing) { super(); }
 *   override find(issuer: string, kid?: string) { return issuer === OURS ? this.ring.key(kid) : undefined; }
 *   override isLive(issuer: string, kid: string) { return issuer === OURS && this.ring.has(kid); }
 * }
 */
export abstract class VerificationKeys {
  /**
   * The key, or `undefined` where the issuer has none of that name. A value and not a promise wherever it is at hand.
   * It never throws for what a token says, and asks the network only within fixed bounds.
   *
   * @param kid undefined for a token that names no key
   */
  abstract find(
    issuer: string,
    kid: string | undefined,
  ): VerificationKey | undefined | Promise<VerificationKey | undefined>;

  /** Whether the key may still prove: asked at each use of a remembered proof, so it answers from memory. */
  abstract isLive(issuer: string, kid: string): boolean;

  /**
   * Whether any key of the issuer is known. While none is, nobody can tell whether its tokens are good: they get 503, which makes no
   * client throw them away, instead of 401.
   */
  knows(_issuer: string): boolean {
    return true;
  }

  /**
   * Called when the issuer itself has told that its keys have changed: keys that are fetched may then be fetched before
   * their time. Resolves when what could be learnt is learnt, and never rejects.
   */
  renew(_issuer: string): Promise<void> {
    return Promise.resolve();
  }
}
