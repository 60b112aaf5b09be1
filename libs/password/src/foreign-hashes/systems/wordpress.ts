import { createHmac, hash } from 'node:crypto';
import { bcrypt } from '../algorithms/bcrypt.js';
import { phpass } from '../algorithms/phpass.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

/** WordPress 6.8: `$wp` before a bcrypt hash of base64 of HMAC-SHA384. Older versions: phpass, or plain bcrypt. */
export function wordpress(text: string): ForeignVerifier {
  if (text.startsWith('$wp$')) return wordpressBcrypt(text);
  if (/^\$[PH]\$/.test(text)) return phpass(text);
  if (text.startsWith('$2')) return bcrypt(text);
  throw new UnsupportedHashError('only bcrypt and phpass hashes of WordPress are supported');
}

/** The hash of WordPress 6.8 and later. */
export function wordpressBcrypt(text: string): ForeignVerifier {
  return bcrypt(text.slice('$wp'.length), {
    prehash: (password) => createHmac('sha384', 'wp-sha384').update(password).digest('base64'),
  });
}

/** Drupal 7 to 10: `$S$`, and `U$S$` if the MD5 hash of Drupal 6 was hashed. */
export function drupal(text: string): ForeignVerifier {
  assertReadable(/^U?\$S\$/.test(text), 'only $S$ hashes of Drupal are supported');
  return text.startsWith('U') ? phpass(text.slice(1), (password) => hash('md5', password, 'hex')) : phpass(text);
}
