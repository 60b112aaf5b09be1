import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

/** The hashes of `password_verify`: bcrypt, also `$2x$`, and argon2 with its parameters in the order m, t, p. */
export function php(text: string): ForeignVerifier {
  if (text.startsWith('$2')) return bcrypt(text, { readsSignExtended: true });
  if (text.startsWith('$argon2')) return argon2(text, { isStrict: true });
  throw new UnsupportedHashError('only bcrypt and argon2 hashes of PHP are supported, not the others of crypt(3)');
}
