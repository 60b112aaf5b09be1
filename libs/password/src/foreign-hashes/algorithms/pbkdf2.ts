import { pbkdf2 as derive } from 'node:crypto';
import { promisify } from 'node:util';
import { assertReadable, isEqual } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const derived = promisify(derive);
/** About a second. */
const MAX_ITERATIONS = 2_000_000;
const MIN_KEY_BYTES = 16;

/** The bytes of a digest; PBKDF2 repeats all iterations for each block of this size. */
export const DIGEST_BYTES = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const;
export type Digest = keyof typeof DIGEST_BYTES;

interface Pbkdf2Parameters {
  readonly digest: Digest;
  readonly iterations: number;
  readonly salt: Buffer | string;
  readonly key: Buffer;
}

/**
 * A key of PBKDF2.
 *
 * @see RFC 8018 §5.2
 * @throws UnsupportedHashError
 */
export function pbkdf2({ digest, iterations, salt, key }: Pbkdf2Parameters): ForeignVerifier {
  assertReadable(Number.isSafeInteger(iterations) && iterations >= 1, 'the number of iterations is invalid');
  const blocks = Math.ceil(key.length / DIGEST_BYTES[digest]);
  assertReadable(iterations * blocks <= MAX_ITERATIONS, 'the number of iterations of PBKDF2 is too high');
  assertReadable(key.length >= MIN_KEY_BYTES && salt.length > 0, 'the hash is not complete');
  return async (password) => isEqual(await derived(password, salt, iterations, key.length, digest), key);
}
