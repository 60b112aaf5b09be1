import { createPrivateKey, createPublicKey, createSecretKey, randomBytes } from 'node:crypto';
import { ALGORITHM_PARAMETERS, isJwtAlgorithm, JWT_ALGORITHMS } from './algorithms.js';
import { publicKeyOf, thumbprint } from './jwk.js';
import { hasRocaFingerprint } from './roca.js';
import { createSignature } from './sign.js';
import { verifySignature } from './verify.js';
import type { KeyObject } from 'node:crypto';
import type { AlgorithmParameters, JwtAlgorithm } from './algorithms.js';
import type { Jwk } from './jwk.js';
import type { VerificationKey } from './verification-key.js';

/**
 * A key as the settings hold it. `kid` defaults to the `kid` of the JWK, then to the thumbprint.
 *
 * - `jwk`: public, private, or `oct`
 * - `pem`: SPKI, PKCS #8, PKCS #1, SEC 1, or a certificate
 * - `secret`: at least 32 bytes of UTF-8, for HS256
 *
 * A key without `alg` verifies each algorithm of its type, and signs with the first: RS256 for RSA, EdDSA for Ed25519.
 */
export type KeyMaterial =
  | { readonly jwk: Jwk; readonly kid?: string | undefined; readonly alg?: JwtAlgorithm | undefined }
  | { readonly pem: string; readonly kid?: string | undefined; readonly alg?: JwtAlgorithm | undefined }
  | { readonly secret: string; readonly kid?: string | undefined; readonly alg?: 'HS256' | undefined };

/** A checked key, with its private part if the material has one. For HS256 both are the secret. */
export interface ImportedKey extends VerificationKey {
  readonly privateKey?: KeyObject;
}

interface KeyPair {
  readonly key: KeyObject;
  readonly privateKey?: KeyObject;
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 16_384;
const MIN_RSA_EXPONENT = 65_537n;
const MIN_SECRET_BYTES = 32;
const MAX_KID_LENGTH = 256;

/**
 * Imports a key, and rejects one that is weak, has another purpose, or contradicts itself.
 *
 * @throws Error that names the defect and never quotes the key
 * @see RFC 7517 §4, RFC 7518 §3.2–3.5, RFC 8037 §2, RFC 8725 §3.5
 */
export function importKey(material: KeyMaterial): ImportedKey {
  checkMembers(material);
  const jwk = 'jwk' in material ? material.jwk : undefined;
  if (jwk !== undefined) checkPurpose(jwk);
  const { key, privateKey } = keysOf(material);
  const alg = material.alg ?? jwk?.alg ?? algorithmsOf(key)[0];
  if (!isJwtAlgorithm(alg)) throw new Error(`Key: "alg" must be one of ${JWT_ALGORITHMS.join(', ')}.`);
  if (jwk?.alg !== undefined && jwk.alg !== alg) throw new Error('Key: "alg" differs from the one in the JWK.');
  checkFit(key, alg);
  const kid = material.kid ?? jwk?.kid ?? thumbprint(key);
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) {
    throw new Error(`Key: "kid" must be a string of 1 to ${MAX_KID_LENGTH} characters.`);
  }
  if (privateKey === undefined) return { kid, alg, key };
  checkPair(alg, key, privateKey);
  return { kid, alg, key, privateKey };
}

/**
 * Imports a key as the verification keys that it stands for: one if the material names its `alg`, else one for each
 * algorithm of its type.
 *
 * @throws Error that names the defect and never quotes the key
 * @see RFC 7517 §4.4: `alg` is optional
 */
export function importVerificationKeys(material: KeyMaterial): VerificationKey[] {
  const { kid, alg, key } = importKey(material);
  const isLimited = material.alg !== undefined || ('jwk' in material && material.jwk.alg !== undefined);
  return (isLimited ? [alg] : algorithmsOf(key)).map((each) => ({ kid, alg: each, key }));
}

function checkMembers(material: KeyMaterial): void {
  const members = ['pem', 'jwk', 'secret'].filter((name) => Object.hasOwn(Object(material) as object, name));
  if (members.length !== 1) throw new Error('Key: write one of "pem", "jwk" and "secret".');
  if ('jwk' in material && (typeof material.jwk !== 'object' || material.jwk === null)) {
    throw new Error('Key: "jwk" must be a JSON Web Key, as an object.');
  }
}

function checkPurpose(jwk: Jwk): void {
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new Error('Key: "use" must be "sig".');
  const { key_ops: operations } = jwk;
  if (operations === undefined) return;
  const canSign = 'd' in jwk || jwk.kty === 'oct';
  const isForSignatures =
    Array.isArray(operations) && (operations.includes('verify') || (canSign && operations.includes('sign')));
  if (!isForSignatures) throw new Error('Key: "key_ops" must include "verify".');
}

function keysOf(material: KeyMaterial): KeyPair {
  if ('secret' in material) {
    if (typeof material.secret !== 'string') throw new Error('Key: "secret" must be a string of 32 bytes or more.');
    return secretPair(Buffer.from(material.secret, 'utf8'));
  }
  return 'pem' in material ? keysOfPem(material.pem) : keysOfJwk(material.jwk);
}

function secretPair(bytes: Buffer): KeyPair {
  const key = createSecretKey(bytes);
  return { key, privateKey: key };
}

function keysOfPem(pem: string): KeyPair {
  if (typeof pem !== 'string' || !pem.includes('-----BEGIN ')) {
    throw new Error('Key: "pem" must be the content of a PEM file, which begins with "-----BEGIN", and not a path.');
  }
  if (!pem.includes('PRIVATE KEY')) return { key: readable('pem', () => createPublicKey(pem)) };
  const privateKey = readable('pem', () => createPrivateKey(pem));
  return { key: createPublicKey(privateKey), privateKey };
}

/** OpenSSL's own messages about its decoders do not help: they never say what to write. */
function readable(member: 'pem' | 'jwk', read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new Error(
      member === 'pem'
        ? 'Key: "pem" cannot be read: it is cut short, has lost its line breaks, or has a passphrase.'
        : 'Key: "jwk" cannot be read: a member is missing or malformed.',
      { cause },
    );
  }
}

function keysOfJwk(jwk: Jwk): KeyPair {
  if (jwk.kty === 'oct') {
    if (typeof jwk.k !== 'string' || Buffer.from(jwk.k, 'base64url').toString('base64url') !== jwk.k) {
      throw new Error('Key: "k" must be base64url.');
    }
    return secretPair(Buffer.from(jwk.k, 'base64url'));
  }
  if (jwk.kty !== 'EC' && jwk.kty !== 'RSA' && jwk.kty !== 'OKP') {
    throw new Error('Key: "kty" must be "EC", "RSA", "OKP", or "oct".');
  }
  // From the public members alone: a public key that is derived from the private part would always match it.
  const key = readable('jwk', () => publicKeyOf(jwk));
  if (jwk.d === undefined) return { key };
  return { key, privateKey: readable('jwk', () => createPrivateKey({ key: jwk, format: 'jwk' })) };
}

/** Only a signature shows whether the two parts of a pair belong together. */
function checkPair(alg: JwtAlgorithm, key: KeyObject, privateKey: KeyObject): void {
  if (key.type === 'secret') return;
  const probe = randomBytes(32);
  if (!verifySignature({ kid: '', alg, key }, probe, createSignature(alg, privateKey, probe))) {
    throw new Error('Key: the private part does not match the public one.');
  }
}

/** The algorithms of this type of key, the usual one first. A public key never has the algorithm of a secret. */
function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  const kind = key.type === 'secret' ? 'secret' : key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return JWT_ALGORITHMS.filter((alg) => {
    const parameters: AlgorithmParameters = ALGORITHM_PARAMETERS[alg];
    return parameters.kind === kind && (parameters.kind !== 'ec' || parameters.curve === curve);
  });
}

function checkFit(key: KeyObject, alg: JwtAlgorithm): void {
  const parameters: AlgorithmParameters = ALGORITHM_PARAMETERS[alg];
  if (parameters.kind === 'secret') {
    // RFC 7518 §3.2: a key of at least the size of the hash.
    if (key.type !== 'secret' || key.symmetricKeySize! < MIN_SECRET_BYTES) {
      throw new Error(`Key: ${alg} needs a secret of ${MIN_SECRET_BYTES} bytes or more.`);
    }
  } else if (parameters.kind === 'ec') {
    const { namedCurve } = key.asymmetricKeyDetails ?? {};
    if (namedCurve !== parameters.curve) throw new Error(`Key: ${alg} needs an EC key on the curve of ${alg}.`);
  } else if (parameters.kind === 'ed25519') {
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`Key: ${alg} needs an Ed25519 key.`);
  } else {
    checkRsaKey(key, alg);
  }
}

function checkRsaKey(key: KeyObject, alg: JwtAlgorithm): void {
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`Key: ${alg} needs an RSA key.`);
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
    throw new Error(`Key: RSA needs ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, and this key has ${modulusLength} bits.`);
  }
  if (publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n) {
    throw new Error('Key: the RSA exponent must be an odd number of 65537 or more.');
  }
  if (hasRocaFingerprint(key)) throw new Error('Key: a broken generator made this RSA key (ROCA).');
}
