import { createHash, createHmac } from 'node:crypto';
import { assertReadable, isEqual } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';
import { DIGEST_BYTES } from './pbkdf2.js';
import type { Digest } from './pbkdf2.js';

/** A plain digest of a text that contains the password. Weak, but replaced at the first login. */
export function saltedDigest(
  digest: Digest,
  expected: Buffer,
  textOf: (password: string) => Buffer | string,
): ForeignVerifier {
  assertLength(digest, expected);
  return async (password) => isEqual(createHash(digest).update(textOf(password)).digest(), expected);
}

/** An HMAC of the password. */
export function keyedDigest(digest: Digest, key: string, expected: Buffer): ForeignVerifier {
  assertLength(digest, expected);
  return async (password) => isEqual(createHmac(digest, key).update(password).digest(), expected);
}

function assertLength(digest: Digest, expected: Buffer): void {
  assertReadable(expected.length === DIGEST_BYTES[digest], 'the hash is not complete');
}
