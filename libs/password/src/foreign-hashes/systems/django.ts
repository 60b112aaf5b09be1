import { hash } from 'node:crypto';
import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { DIGEST_BYTES, pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { saltedDigest } from '../algorithms/salted-digest.js';
import { base64, decimal, hex } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

/** The hashers of Django: `algorithm$…`, or an MD5 digest without a salt. */
export function django(text: string): ForeignVerifier {
  assertReadable(!text.startsWith('!'), 'the password is unusable');
  if (/^[\da-f]{32}$/.test(text)) return saltedDigest('md5', hex(text), (password) => password);
  const end = text.indexOf('$');
  const [name, rest] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
  switch (name) {
    case 'pbkdf2_sha256':
      return djangoPbkdf2('sha256', rest);
    case 'pbkdf2_sha1':
      return djangoPbkdf2('sha1', rest);
    case 'argon2':
      return argon2(`$${rest}`);
    case 'bcrypt':
      return bcrypt(rest);
    case 'bcrypt_sha256':
      return bcrypt(rest, { prehash: (password) => hash('sha256', password, 'hex') });
    case 'sha1':
    case 'md5':
      return djangoDigest(name, rest);
    default:
      throw new UnsupportedHashError(
        `the algorithm "${/^\w{1,24}$/.exec(name)?.[0] ?? '?'}" of Django is not supported`,
      );
  }
}

function djangoPbkdf2(digest: Digest, rest: string): ForeignVerifier {
  const [iterations, salt, key, ...more] = rest.split('$');
  assertReadable(salt && key && more.length === 0, 'the hash is not complete');
  const bytes = base64(key, 'padded');
  assertReadable(bytes.length === DIGEST_BYTES[digest], 'the hash is not complete');
  return pbkdf2({ digest, iterations: decimal(iterations, 'number of iterations'), salt, key: bytes });
}

function djangoDigest(digest: Digest, rest: string): ForeignVerifier {
  const [salt, expected, ...more] = rest.split('$');
  assertReadable(salt !== undefined && expected && more.length === 0, 'the hash is not complete');
  return saltedDigest(digest, hex(expected), (password) => salt + password);
}
