import { DIGEST_BYTES } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { saltedDigest } from '../algorithms/salted-digest.js';
import { firebaseScrypt, scrypt } from '../algorithms/scrypt.js';
import { base64, decimal } from '../encodings.js';
import { assertReadable } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';
import { standard } from './standard.js';

const SCRYPT = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/;
const FIRESCRYPT = /^\$firescrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)\$([^$]*)\$([^$]+)$/;
const DIGEST = /^\$(md5|sha1|sha256|sha512)\$pf=([^$]+)\$([^$]*)\$([^$]+)$/;

/** The hashes of Ory Kratos, whose scrypt and digests differ from those of other systems. */
export function kratos(text: string): ForeignVerifier {
  if (text.startsWith('$scrypt$')) return kratosScrypt(text);
  if (text.startsWith('$firescrypt$')) return firescrypt(text);
  return DIGEST.test(text) ? patternDigest(text) : standard(text);
}

/** `ln` is N, not its logarithm, and the base64 has padding. */
function kratosScrypt(text: string): ForeignVerifier {
  const [, N, r, p, salt, key] = SCRYPT.exec(text) ?? [];
  assertReadable(salt && key, 'the hash is not complete');
  const cost = { N: decimal(N, 'cost'), r: decimal(r, 'cost'), p: decimal(p, 'cost') };
  return scrypt(cost, base64(salt, 'padded'), base64(key, 'padded'));
}

/** `ln` is log2 N here. */
function firescrypt(text: string): ForeignVerifier {
  const [, ln, r, p, ...parts] = FIRESCRYPT.exec(text) ?? [];
  assertReadable(parts.length === 4, 'the hash is not complete');
  const [salt, hash, separator, signerKey] = parts.map((part) => base64(part, 'padded'));
  return firebaseScrypt({
    N: 2 ** decimal(ln, 'cost'),
    r: decimal(r, 'cost'),
    p: decimal(p, 'cost'),
    salt: salt!,
    separator: separator!,
    signerKey: signerKey!,
    hash: hash!,
  });
}

/** A digest of a pattern in which `{SALT}` and `{PASSWORD}` are replaced. */
function patternDigest(text: string): ForeignVerifier {
  const [, digest, encoded, salt, expected] = DIGEST.exec(text)!;
  const pattern = base64(encoded!, 'padded').toString();
  assertReadable(pattern.includes('{PASSWORD}') && Object.hasOwn(DIGEST_BYTES, digest!), 'the pattern is invalid');
  const salted = salt === '' ? '' : base64(salt!, 'padded').toString('latin1');
  return saltedDigest(digest as Digest, base64(expected!, 'padded'), (password) =>
    Buffer.concat(
      pattern
        .split(/(\{SALT\}|\{PASSWORD\})/)
        .map((part) =>
          part === '{SALT}' ? Buffer.from(salted, 'latin1') : Buffer.from(part === '{PASSWORD}' ? password : part),
        ),
    ),
  );
}
