import { createCipheriv, scrypt as derive } from 'node:crypto';
import { assertReadable, isEqual } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

/** N · r · p; 2^21 takes about a second and at most 256 MiB. */
const MAX_WORK = 2 ** 21;
const MIN_KEY_BYTES = 16;
const FIREBASE_KEY_BYTES = 32;

interface ScryptCost {
  /** A power of two. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * A key of scrypt.
 *
 * @param normalise the text that the system derives the key from; by default the password
 * @see RFC 7914
 * @throws UnsupportedHashError
 */
export function scrypt(
  cost: ScryptCost,
  salt: Buffer | string,
  key: Buffer,
  normalise = (password: string) => password,
): ForeignVerifier {
  assertCost(cost);
  assertReadable(key.length >= MIN_KEY_BYTES && salt.length > 0, 'the hash is not complete');
  return async (password) => isEqual(await derived(normalise(password), salt, key.length, cost), key);
}

interface FirebaseParameters extends ScryptCost {
  readonly salt: Buffer;
  readonly separator: Buffer;
  readonly signerKey: Buffer;
  readonly hash: Buffer;
}

/**
 * Firebase's modified scrypt: the derived key encrypts the signer key of the project by AES-256-CTR.
 *
 * @see https://github.com/firebase/scrypt
 * @throws UnsupportedHashError
 */
export function firebaseScrypt({ salt, separator, signerKey, hash, ...cost }: FirebaseParameters): ForeignVerifier {
  assertCost(cost);
  assertReadable(signerKey.length >= MIN_KEY_BYTES && hash.length === signerKey.length, 'the hash is not complete');
  assertReadable(salt.length > 0, 'the hash has no salt');
  return async (password) => {
    const key = await derived(password, Buffer.concat([salt, separator]), FIREBASE_KEY_BYTES, cost);
    return isEqual(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey), hash);
  };
}

function assertCost({ N, r, p }: ScryptCost): void {
  const isValid = [N, r, p].every((value) => Number.isSafeInteger(value) && value >= 1) && N >= 2;
  assertReadable(isValid && Number.isInteger(Math.log2(N)), 'the cost of scrypt is invalid');
  assertReadable(N * r * p <= MAX_WORK, 'the cost of scrypt is too high');
}

function derived(password: string, salt: Buffer | string, bytes: number, { N, r, p }: ScryptCost): Promise<Buffer> {
  // OpenSSL needs a little more than 128 · N · r bytes.
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 2 ** 20 };
  return new Promise((resolve, reject) => {
    derive(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
