import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { JwtAlgorithm } from 'postern/auth';
import { proves, signatureOf } from './jws.js';
import { publicKeyOf, thumbprintOf } from './key-material.js';
import type { PublicSigningKey } from './signing-keys.js';
import type { StaticSigningKeySettings } from './tokens.settings.js';

const CURVES: Partial<Record<JwtAlgorithm, string>> = { ES256: 'prime256v1', ES384: 'secp384r1' };
const LEAST_RSA_BITS = 2048;
const MOST_RSA_BITS = 16_384;
const LEAST_SECRET_BYTES = 32;

/** A configured key that has passed every check. */
export interface ImportedKey extends PublicSigningKey {
  /** Absent for a key that only proves. */
  readonly privateKey?: KeyObject;
}

/**
 * Takes a configured key only when it can be what it is said to be: kind, curve, size and exponent fit the algorithm, `use`,
 * `key_ops` and `alg` of a JWK do not contradict it, and the private part belongs to the public one.
 *
 * @throws Error with a sentence that says what is wrong with which key, and nothing of its content
 * @see RFC 8725 §3.5, RFC 7517 §4
 */
export function importSigningKey(settings: StaticSigningKeySettings, position = 0): ImportedKey {
  const refuse = (what: string): never => {
    throw new Error(`TokensModule: staticKeys[${position}] (${settings.algorithm}) ${what}`);
  };
  const { algorithm: alg } = settings;
  const given = settings.privateKey ?? settings.publicKey;
  const jwk = typeof given === 'object' ? given : undefined;
  if (jwk) checkMembers(jwk, alg, settings.privateKey !== undefined, refuse);
  const named = settings.kid ?? (typeof jwk?.['kid'] === 'string' ? jwk['kid'] : undefined);
  if (named !== undefined && !/^[\x21-\x7e]{1,64}$/.test(named))
    refuse('has a kid that is not 1 to 64 visible characters');

  if (alg === 'HS256') {
    const key = secretOf(settings, jwk, refuse);
    return { kid: named ?? thumbprintOf(key.export({ format: 'jwk' })), alg, key, privateKey: key };
  }

  if (settings.secret !== undefined) refuse('takes privateKey, and no secret');
  if (given === undefined) return refuse('needs privateKey, or publicKey for a key that only proves');
  const privateKey =
    settings.privateKey === undefined ? undefined : read(createPrivateKey, settings.privateKey, refuse);
  const key = publicOf(settings, privateKey, refuse);
  checkKind(key, alg, refuse);
  if (privateKey && !belongTogether(privateKey, key, alg))
    refuse('has a private part that does not match the public one');
  const publicJwk = key.export({ format: 'jwk' });
  return { kid: named ?? thumbprintOf(publicJwk), alg, key, jwk: publicJwk, ...(privateKey && { privateKey }) };
}

type Refuse = (what: string) => never;

function checkMembers(jwk: JsonWebKey, alg: JwtAlgorithm, signs: boolean, refuse: Refuse): void {
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') refuse('is a JWK whose use is not "sig"');
  if (jwk['alg'] !== undefined && jwk['alg'] !== alg) refuse('is a JWK whose alg is another one');
  const operations = jwk['key_ops'];
  const needed = signs ? 'sign' : 'verify';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(needed))) {
    refuse(`is a JWK whose key_ops lack "${needed}"`);
  }
}

function secretOf(settings: StaticSigningKeySettings, jwk: JsonWebKey | undefined, refuse: Refuse): KeyObject {
  if (settings.secret === undefined && jwk?.kty !== 'oct') refuse('needs secret, or a JWK with kty "oct"');
  const bytes = settings.secret === undefined ? Buffer.from(String(jwk?.k), 'base64url') : Buffer.from(settings.secret);
  // RFC 7518 §3.2: a key of at least the size of the hash.
  if (bytes.length < LEAST_SECRET_BYTES) refuse(`needs a secret of at least ${LEAST_SECRET_BYTES} bytes`);
  return createSecretKey(bytes);
}

function read(
  make: (input: { key: string } | { key: JsonWebKey; format: 'jwk' }) => KeyObject,
  given: string | JsonWebKey,
  refuse: Refuse,
): KeyObject {
  try {
    return make(typeof given === 'string' ? { key: given } : { key: given, format: 'jwk' });
  } catch {
    return refuse('is neither a PEM nor a JWK that can be read');
  }
}

function publicOf(settings: StaticSigningKeySettings, privateKey: KeyObject | undefined, refuse: Refuse): KeyObject {
  if (settings.publicKey !== undefined) return read(createPublicKey, settings.publicKey, refuse);
  // The public members as they are written: derived from the private part, they would always match it.
  if (typeof settings.privateKey === 'object')
    return read(() => publicKeyOf(settings.privateKey as JsonWebKey), '', refuse);
  return privateKey ? createPublicKey(privateKey) : refuse('needs privateKey');
}

function checkKind(key: KeyObject, alg: JwtAlgorithm, refuse: Refuse): void {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (alg.startsWith('ES')) {
    if (key.asymmetricKeyType !== 'ec' || namedCurve !== CURVES[alg]) refuse(`is not a key on the curve of ${alg}`);
    return;
  }
  if (key.asymmetricKeyType !== 'rsa') refuse('is not an RSA key');
  if (modulusLength < LEAST_RSA_BITS || modulusLength > MOST_RSA_BITS) {
    refuse(`is an RSA key of ${modulusLength} bits; take ${LEAST_RSA_BITS} to ${MOST_RSA_BITS}`);
  }
  if (publicExponent < 65_537n || publicExponent % 2n === 0n)
    refuse('is an RSA key with an unsafe public exponent; take 65537');
}

function belongTogether(privateKey: KeyObject, publicKey: KeyObject, alg: JwtAlgorithm): boolean {
  const probe = randomBytes(32);
  try {
    return proves(publicKey, alg, probe, signatureOf(privateKey, alg, probe));
  } catch {
    return false;
  }
}
