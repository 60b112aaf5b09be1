import { DIGEST_BYTES, pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { keyedDigest } from '../algorithms/salted-digest.js';
import { scrypt } from '../algorithms/scrypt.js';
import { decimal, hex } from '../encodings.js';
import { assertReadable } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const SCRYPT_KEY_BYTES = 64;

/** Werkzeug and Flask: `method$salt$hex`. The salt is text; a bare digest name is an HMAC with the salt as key. */
export function werkzeug(text: string): ForeignVerifier {
  const [method, salt, encoded, ...more] = text.split('$');
  assertReadable(method && salt && encoded && more.length === 0, 'the hash is not "method$salt$hash" of Werkzeug');
  const [name, ...parameters] = method.split(':');
  const key = hex(encoded);
  if (name === 'scrypt' && parameters.length === 3) {
    const [N, r, p] = parameters.map((parameter) => decimal(parameter, 'cost'));
    assertReadable(key.length === SCRYPT_KEY_BYTES, 'the hash is not complete');
    return scrypt({ N: N!, r: r!, p: p! }, salt, key);
  }
  if (name === 'pbkdf2' && parameters.length === 2 && isDigest(parameters[0]!)) {
    const [digest, iterations] = [parameters[0], decimal(parameters[1], 'number of iterations')];
    assertReadable(key.length === DIGEST_BYTES[digest], 'the hash is not complete');
    return pbkdf2({ digest, iterations, salt, key });
  }
  assertReadable(isDigest(method), 'the method of Werkzeug is not supported');
  return keyedDigest(method, salt, key);
}

const isDigest = (name: string): name is Digest => Object.hasOwn(DIGEST_BYTES, name);
