import { argon2 } from '../algorithms/argon2.js';
import { bcrypt } from '../algorithms/bcrypt.js';
import { pbkdf2 } from '../algorithms/pbkdf2.js';
import { phpass } from '../algorithms/phpass.js';
import { firebaseScrypt } from '../algorithms/scrypt.js';
import { base64, decimal } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';
import { ldap } from './ldap.js';
import { wordpressBcrypt } from './wordpress.js';

/** Hashes that state their form: bcrypt, argon2, PHC's PBKDF2, Supabase's Firebase form, phpass, WordPress, LDAP. */
export function standard(text: string): ForeignVerifier {
  if (/^\$2[abxy]?\$/.test(text)) return bcrypt(text);
  if (text.startsWith('$argon2')) return argon2(text);
  if (/^\$pbkdf2-sha\d+\$i=/.test(text)) return phcPbkdf2(text);
  if (text.startsWith('$fbscrypt$')) return fbscrypt(text);
  if (/^\$[PHS]\$/.test(text)) return phpass(text);
  if (text.startsWith('$wp$')) return wordpressBcrypt(text);
  if (text.startsWith('{')) return ldap(text);
  throw new UnsupportedHashError(`${nameOf(text)} is not supported`);
}

const PHC_PBKDF2 = /^\$pbkdf2-(sha256|sha512)\$i=(\d+)(?:,l=(\d+))?\$([^$]+)\$([^$]+)$/;

/** PBKDF2 in the PHC format, as Kratos, Auth0, and `@phc/pbkdf2` write it. */
function phcPbkdf2(text: string): ForeignVerifier {
  const [, digest, iterations, length, salt, key] = PHC_PBKDF2.exec(text) ?? [];
  assertReadable(digest && salt && key, 'the hash is not a complete PBKDF2 hash');
  const bytes = base64(key, 'unpadded');
  assertReadable(length === undefined || Number(length) === bytes.length, 'the hash does not have its stated length');
  return pbkdf2({
    digest: digest as 'sha256' | 'sha512',
    iterations: decimal(iterations, 'number of iterations'),
    salt: base64(salt, 'unpadded'),
    key: bytes,
  });
}

const FBSCRYPT = /^\$fbscrypt\$v=1,n=(\d+),r=(\d+),p=(\d+)(?:,ss=([^,$]*))?,sk=([^,$]+)\$([^$]+)\$([^$]+)$/;

/** Firebase's scrypt with the parameters of the project, in the form of Supabase; `n` is log2 N. */
function fbscrypt(text: string): ForeignVerifier {
  const [, n, r, p, separator, signerKey, salt, hash] = FBSCRYPT.exec(text) ?? [];
  assertReadable(signerKey && salt && hash, 'the hash is not a complete Firebase hash');
  return firebaseScrypt({
    N: 2 ** decimal(n, 'cost'),
    r: decimal(r, 'cost'),
    p: decimal(p, 'cost'),
    separator: separator ? base64(separator, 'padded') : Buffer.alloc(0),
    signerKey: base64(signerKey, 'padded'),
    salt: base64(salt, 'padded'),
    hash: base64(hash, 'padded'),
  });
}

/** The prefix of a hash up to its first cost or salt, which is not a secret. */
function nameOf(text: string): string {
  const [, name] = /^[${]?([A-Za-z][\w-]{0,23})[$}:]/.exec(text) ?? [];
  return name === undefined ? 'a hash without the name of its form' : `the form "${name}"`;
}
