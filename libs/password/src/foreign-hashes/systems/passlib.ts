import { createHmac, hash } from 'node:crypto';
import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { phpass } from '../algorithms/phpass.js';
import { scrypt } from '../algorithms/scrypt.js';
import { base64, decimal } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';
import { django } from './django.js';
import { ldap, ldapPbkdf2 } from './ldap.js';

const PBKDF2 = /^\$pbkdf2(?:-(sha256|sha512))?\$(.+)$/;
const SCRYPT = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/;
const BCRYPT_SHA256 = /^\$bcrypt-sha256\$(?:v=2,t=(2[ab]),r=(\d{1,2})|(2[ab]),(\d{1,2}))\$([^$]{22})\$([^$]{31})$/;
const ATLASSIAN = '{PKCS5S2}';
const ATLASSIAN_ITERATIONS = 10_000;
const ATLASSIAN_BYTES = [16, 32] as const;

/** The schemes of passlib that are neither obsolete nor those of crypt(3). */
export function passlib(text: string): ForeignVerifier {
  if (text.startsWith('$pbkdf2')) return passlibPbkdf2(text);
  if (text.startsWith('$scrypt$')) return passlibScrypt(text);
  if (text.startsWith('$bcrypt-sha256$')) return bcryptSha256(text);
  if (text.startsWith('$2')) return bcrypt(text);
  if (text.startsWith('$argon2')) return argon2(text);
  if (/^\$[PH]\$/.test(text)) return phpass(text);
  if (text.startsWith(ATLASSIAN)) return atlassian(text);
  if (text.startsWith('{')) return ldap(text);
  if (/^pbkdf2_sha(?:1|256)\$/.test(text)) return django(text);
  throw new UnsupportedHashError('the scheme of passlib is not supported');
}

function passlibPbkdf2(text: string): ForeignVerifier {
  const [, name = 'sha1', rest] = PBKDF2.exec(text) ?? [];
  assertReadable(rest, 'the hash is not complete');
  return ldapPbkdf2(name as Digest, rest);
}

/** `ln` is log2 N; standard base64 without padding, unlike the PBKDF2 of passlib. */
function passlibScrypt(text: string): ForeignVerifier {
  const [, ln, r, p, salt, key] = SCRYPT.exec(text) ?? [];
  assertReadable(salt && key, 'the hash is not complete');
  const cost = { N: 2 ** decimal(ln, 'cost'), r: decimal(r, 'cost'), p: decimal(p, 'cost') };
  return scrypt(cost, base64(salt, 'unpadded'), base64(key, 'unpadded'));
}

/** bcrypt of a base64 digest: HMAC-SHA256 under the text of the salt in version 2, SHA-256 in version 1. */
function bcryptSha256(text: string): ForeignVerifier {
  const [, type2, rounds2, type1, rounds1, salt, digest] = BCRYPT_SHA256.exec(text) ?? [];
  assertReadable(salt && digest, 'the hash is not complete');
  const inner = `$${type2 ?? type1}$${(rounds2 ?? rounds1)!.padStart(2, '0')}$${salt}${digest}`;
  return bcrypt(inner, {
    prehash: (password) =>
      type2 === undefined
        ? hash('sha256', password, 'base64')
        : createHmac('sha256', salt).update(password).digest('base64'),
  });
}

function atlassian(text: string): ForeignVerifier {
  const bytes = base64(text.slice(ATLASSIAN.length), 'padded');
  const [saltBytes, keyBytes] = ATLASSIAN_BYTES;
  assertReadable(bytes.length === saltBytes + keyBytes, 'the hash is not complete');
  const [salt, key] = [bytes.subarray(0, saltBytes), bytes.subarray(saltBytes)];
  return pbkdf2({ digest: 'sha1', iterations: ATLASSIAN_ITERATIONS, salt, key });
}
