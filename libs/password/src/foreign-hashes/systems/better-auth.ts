import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { scrypt } from '../algorithms/scrypt.js';
import { hex } from '../encodings.js';
import { assertReadable } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const KEY_BYTES = 64;
const COST = { N: 16_384, r: 16, p: 1 };

/** Better Auth and `Scrypt` of Lucia 3: `salt:key` in hex. The salt is its hex text; the password is in NFKC. */
export function betterAuth(text: string): ForeignVerifier {
  const [, salt, encoded] = /^([\da-f]{32}):([\da-f]+)$/i.exec(text) ?? [];
  assertReadable(salt && encoded, 'the hash is not "salt:key"');
  const key = hex(encoded);
  assertReadable(key.length === KEY_BYTES, 'the hash is not complete');
  return scrypt(COST, salt, key, (password) => password.normalize('NFKC'));
}

/** Oslo, the hashes of Lucia 3: argon2, bcrypt, and the scrypt of Better Auth, all with the password in NFKC. */
export function oslo(text: string): ForeignVerifier {
  if (!text.startsWith('$')) return betterAuth(text);
  const verify = text.startsWith('$2') ? bcrypt(text) : argon2(text);
  return (password, rules) => verify(password.normalize('NFKC'), rules);
}

/** `LegacyScrypt` of Lucia: `s2:salt:key`. Hashes without `s2` come from Lucia 1 and have another cost. */
export function luciaLegacy(text: string): ForeignVerifier {
  assertReadable(text.startsWith('s2:'), 'a hash of Lucia 1, without s2, is not supported');
  return betterAuth(text.slice('s2:'.length));
}
