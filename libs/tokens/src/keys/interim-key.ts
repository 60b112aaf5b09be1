import type { JwtAlgorithm } from 'postern/auth';
import { keyStateOf } from './key-state.js';
import type { KeyInstants } from './key-state.js';

interface CandidateKey extends KeyInstants {
  readonly alg: JwtAlgorithm;
  readonly announcedAt?: Date;
}

/**
 * The key that signs access tokens while the first key of their algorithm is announced. It belongs to an additional
 * algorithm and was announced before that key. The order of the algorithms decides between several keys.
 *
 * @param now epoch milliseconds
 * @param algorithms the algorithm of access tokens first
 * @param next the announced key; absent if it does not exist yet
 */
export function interimSigningKey<Key extends CandidateKey>(
  keys: readonly Key[],
  now: number,
  [, ...additional]: readonly JwtAlgorithm[],
  next?: Key,
): Key | undefined {
  const since = next?.announcedAt?.getTime() ?? now;
  const candidates = keys.filter(
    (key) => keyStateOf(key, now) === 'active' && (key.announcedAt?.getTime() ?? -Infinity) < since,
  );
  // HS256 is never published: services that use the JWKS cannot verify it.
  const [alg] = additional.filter((listed) => listed !== 'HS256' && candidates.some((key) => key.alg === listed));
  return candidates.find((key) => key.alg === alg);
}
