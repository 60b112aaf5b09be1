import { hash } from 'node:crypto';
import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { saltedDigest } from '../algorithms/salted-digest.js';
import { scrypt } from '../algorithms/scrypt.js';
import { base64, hex } from '../encodings.js';
import { assertReadable, isEqual, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';
import { ldap } from './ldap.js';

const KEY_BYTES = 32;
const SHA256_SALT_BYTES = 8;
const SHA256_ITERATIONS = 1024;
const MESSAGE_DIGESTS: Readonly<Record<string, Digest>> = { MD5: 'md5', 'SHA-1': 'sha1', 'SHA-256': 'sha256' };

/** `{id}…` of Spring Security's `DelegatingPasswordEncoder`. The id has a case, and a hash without it is rejected. */
export function spring(text: string): ForeignVerifier {
  const [, id = '', rest = ''] = /^\{([\w.@-]{1,40})\}(.*)$/.exec(text) ?? [];
  assertReadable(id !== '', 'the hash has no {id} of Spring');
  switch (id) {
    case 'bcrypt':
      return bcrypt(rest);
    case 'argon2':
    case 'argon2@SpringSecurity_v5_8':
      return argon2(rest, { implicitVersion: 19 });
    case 'pbkdf2':
      return springPbkdf2(rest, { digest: 'sha1', iterations: 185_000, saltBytes: 8 });
    case 'pbkdf2@SpringSecurity_v5_8':
      return springPbkdf2(rest, { digest: 'sha256', iterations: 310_000, saltBytes: 16 });
    case 'scrypt':
    case 'scrypt@SpringSecurity_v5_8':
      return springScrypt(rest);
    case 'sha256':
      return springSha256(rest);
    case 'ldap':
      return ldap(rest);
    case 'MD5':
    case 'SHA-1':
    case 'SHA-256':
      return messageDigest(MESSAGE_DIGESTS[id]!, rest);
    default:
      throw new UnsupportedHashError(`the id {${id}} of Spring is not supported`);
  }
}

interface SpringPbkdf2 {
  readonly digest: Digest;
  readonly iterations: number;
  readonly saltBytes: number;
}

/** The text has only salt and key; the rest stands in the code of Spring. */
function springPbkdf2(rest: string, { digest, iterations, saltBytes }: SpringPbkdf2): ForeignVerifier {
  const bytes = hex(rest, 'any');
  assertReadable(
    bytes.length === saltBytes + KEY_BYTES,
    'the hash is not complete, or it has the id of another version',
  );
  return pbkdf2({ digest, iterations, salt: bytes.subarray(0, saltBytes), key: bytes.subarray(saltBytes) });
}

/** `$params$salt$key`: params is the hexadecimal number log2 N · 2^16 + r · 2^8 + p. */
function springScrypt(rest: string): ForeignVerifier {
  const [, parameters, salt, key] = /^\$([\da-f]{1,8})\$([^$]+)\$([^$]+)$/.exec(rest) ?? [];
  assertReadable(parameters && salt && key, 'the hash is not complete');
  const number = parseInt(parameters, 16);
  const cost = { N: 2 ** (number >>> 16), r: (number >>> 8) & 0xff, p: number & 0xff };
  return scrypt(cost, base64(salt, 'padded'), base64(key, 'padded'));
}

function springSha256(rest: string): ForeignVerifier {
  const bytes = hex(rest, 'any');
  assertReadable(bytes.length === SHA256_SALT_BYTES + KEY_BYTES, 'the hash is not complete');
  const [salt, expected] = [bytes.subarray(0, SHA256_SALT_BYTES), bytes.subarray(SHA256_SALT_BYTES)];
  return async (password) => {
    let value = Buffer.concat([salt, Buffer.from(password)]);
    for (let count = 0; count < SHA256_ITERATIONS; count += 1) value = hash('sha256', value, 'buffer');
    return isEqual(value, expected);
  };
}

/** `{salt}hex`: the password is hashed together with the salt and its braces. */
function messageDigest(digest: Digest, rest: string): ForeignVerifier {
  const [, salt = '', expected = ''] = /^(\{[^{}]*\})?([\da-f]+)$/.exec(rest) ?? [];
  return saltedDigest(digest, hex(expected), (password) => password + salt);
}
