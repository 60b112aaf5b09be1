import type { JwtAlgorithm } from 'postern/auth';
import { keyStateOf } from './key-state.js';
import type { KeyInstants } from './key-state.js';

interface CandidateKey extends KeyInstants {
  readonly alg: JwtAlgorithm;
  readonly announcedAt?: Date;
}

/**
 * The key of an additional algorithm that signs access tokens while the first key of their own one waits to be known everywhere:
 * one that the JWKS has shown for longer than the key that waits. The algorithm that is listed first comes first.
 *
 * @param now epoch milliseconds
 * @param algorithms the one of access tokens first
 * @param next the key that waits; absent where it is not made yet
 */
export function interimSigningKey<Key extends CandidateKey>(
  keys: readonly Key[],
  now: number,
  [, ...additional]: readonly JwtAlgorithm[],
  next?: Key,
): Key | undefined {
  const since = next?.announcedAt?.getTime() ?? now;
  const known = keys.filter(
    (key) => keyStateOf(key, now) === 'active' && (key.announcedAt?.getTime() ?? -Infinity) < since,
  );
  // HS256 is never published: whoever goes by the JWKS could not follow.
  const [alg] = additional.filter((listed) => listed !== 'HS256' && known.some((key) => key.alg === listed));
  return known.find((key) => key.alg === alg);
}
