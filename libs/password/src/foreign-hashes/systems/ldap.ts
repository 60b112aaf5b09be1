import { argon2 } from '../algorithms/argon2.js';
import { DIGEST_BYTES, pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { saltedDigest } from '../algorithms/salted-digest.js';
import { adaptedBase64, base64, decimal } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const DIGESTS: Readonly<Record<string, Digest>> = {
  SHA: 'sha1',
  SSHA: 'sha1',
  SHA256: 'sha256',
  SSHA256: 'sha256',
  SHA512: 'sha512',
  SSHA512: 'sha512',
  MD5: 'md5',
  SMD5: 'md5',
};

const PBKDF2: Readonly<Record<string, Digest>> = {
  PBKDF2: 'sha1',
  'PBKDF2-SHA1': 'sha1',
  'PBKDF2-SHA256': 'sha256',
  'PBKDF2-SHA512': 'sha512',
};

/**
 * `{SCHEME}…` of a directory: digests with the salt after the digest, and OpenLDAP's PBKDF2 and argon2. The name of a
 * scheme has no case.
 *
 * @see RFC 2307 §5.3
 */
export function ldap(text: string): ForeignVerifier {
  const [, scheme = '', rest = ''] = /^\{([\w-]{1,24})\}(.*)$/.exec(text) ?? [];
  const name = scheme.toUpperCase();
  if (Object.hasOwn(DIGESTS, name)) return ldapDigest(DIGESTS[name]!, rest, /^S(?:SHA|MD5)/.test(name));
  if (Object.hasOwn(PBKDF2, name)) return ldapPbkdf2(PBKDF2[name]!, rest);
  if (name === 'ARGON2') return argon2(rest);
  throw new UnsupportedHashError(`the scheme {${scheme}} is not supported`);
}

function ldapDigest(digest: Digest, rest: string, isSalted: boolean): ForeignVerifier {
  const bytes = base64(rest, 'padded');
  const salt = bytes.subarray(DIGEST_BYTES[digest]);
  assertReadable(salt.length > 0 === isSalted, 'the hash is not complete');
  const expected = bytes.subarray(0, DIGEST_BYTES[digest]);
  return saltedDigest(digest, expected, (password) => Buffer.concat([Buffer.from(password), salt]));
}

/** `iterations$salt$key` in the base64 of passlib. */
export function ldapPbkdf2(digest: Digest, rest: string): ForeignVerifier {
  const [iterations, salt, encoded, ...more] = rest.split('$');
  assertReadable(salt && encoded && more.length === 0, 'the hash is not complete');
  const key = adaptedBase64(encoded);
  assertReadable(key.length === DIGEST_BYTES[digest], 'the hash is not complete');
  return pbkdf2({ digest, iterations: decimal(iterations, 'number of iterations'), salt: adaptedBase64(salt), key });
}
