import type { JwtAlgorithm, VerificationKey } from 'postern/jws';

/**
 * The verification keys of one issuer. A `kid` and an algorithm name at most one key: two different keys with both in
 * common are ambiguous, so the set has neither.
 *
 * @see RFC 7517 §4.5: different keys may share a `kid` if their types differ
 */
export class KeySet {
  private readonly named = new Map<string, readonly VerificationKey[]>();

  constructor(keys: readonly VerificationKey[] = []) {
    for (const kid of new Set(keys.map((key) => key.kid))) {
      const sharing = keys.filter((key) => key.kid === kid);
      const algorithms = [...new Set(sharing.map(({ alg }) => alg))];
      const clear = algorithms.flatMap((alg) => onlyKeyOf(sharing.filter((key) => key.alg === alg)) ?? []);
      if (clear.length > 0) this.named.set(kid, clear);
    }
  }

  get isEmpty(): boolean {
    return this.named.size === 0;
  }

  /**
   * The key for a token.
   *
   * @param kid undefined for a token that names no key: then the only key that fits is returned
   * @param alg the algorithm of the token; undefined if the caller knows only the `kid`
   */
  find(kid: string | undefined, alg: JwtAlgorithm | undefined): VerificationKey | undefined {
    const candidates = kid === undefined ? [...this.named.values()].flat() : (this.named.get(kid) ?? []);
    return onlyKeyOf(candidates.filter((key) => alg === undefined || key.alg === alg));
  }

  /** Whether the set has a key of this name, for this algorithm if it is given. */
  has(kid: string, alg: JwtAlgorithm | undefined): boolean {
    return this.named.get(kid)?.some((key) => alg === undefined || key.alg === alg) === true;
  }
}

/** The first of the keys, unless another one differs from it. */
function onlyKeyOf([first, ...others]: readonly VerificationKey[]): VerificationKey | undefined {
  return others.every(({ key }) => key === first!.key || key.equals(first!.key)) ? first : undefined;
}
