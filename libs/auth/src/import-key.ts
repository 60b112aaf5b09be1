import { createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey, sign, verify } from 'node:crypto';
import { isJwtAlgorithm } from './jwt-algorithm.js';
import { hasRocaFingerprint } from './roca.js';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from './jwt-algorithm.js';
import type { VerificationKey } from './verification-keys.js';

/** A JWK as it stands in a key set (RFC 7517). */
export type Jwk = JsonWebKey & { kid?: unknown; alg?: unknown; use?: unknown; key_ops?: unknown };

/**
 * A key as a team writes it down. `kid` is the RFC 7638 thumbprint where it is absent.
 *
 * - `jwk`: public, private or `oct`
 * - `pem`: SPKI, PKCS #8, PKCS #1, SEC 1 or a certificate; `alg` is needed for RSA other than RS256
 * - `secret`: at least 32 bytes of UTF-8, for HS256
 */
export type KeyMaterial =
  | { readonly jwk: Jwk; readonly kid?: string | undefined; readonly alg?: JwtAlgorithm | undefined }
  | { readonly pem: string; readonly kid?: string | undefined; readonly alg?: JwtAlgorithm | undefined }
  | { readonly secret: string; readonly kid?: string | undefined; readonly alg?: 'HS256' | undefined };

/** A checked key; the private half is there where the material had one. */
export interface ImportedKey extends VerificationKey {
  readonly privateKey?: KeyObject;
}

const CURVES: Readonly<Record<string, JwtAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384' };
const LEAST_RSA_BITS = 2048;
const LEAST_RSA_EXPONENT = 65_537n;
const LEAST_SECRET_BYTES = 32;

/**
 * Makes a key of what is written down, and takes none that is weak, of another purpose, or at odds with itself.
 *
 * @throws Error that names the defect and never the key
 * @see RFC 7517 §4, RFC 7518 §3.2–3.5, RFC 8725 §3.5
 */
export function importKey(material: KeyMaterial): ImportedKey {
  checkMembers(material);
  if ('jwk' in material) checkPurpose(material.jwk);
  const { key, privateKey } = keysOf(material);
  const alg = material.alg ?? ('jwk' in material ? material.jwk.alg : undefined) ?? naturalAlgorithm(key);
  if (!isJwtAlgorithm(alg)) throw new Error('Key: "alg" is not an algorithm that Postern proves.');
  if ('jwk' in material && material.jwk.alg !== undefined && material.jwk.alg !== alg) {
    throw new Error('Key: "alg" differs from the one in the JWK.');
  }
  checkFit(key, alg);
  const kid = material.kid ?? ('jwk' in material ? material.jwk.kid : undefined) ?? thumbprint(key);
  if (typeof kid !== 'string' || kid === '' || kid.length > 64) {
    throw new Error('Key: "kid" must be a text of 1 to 64 characters.');
  }
  return privateKey ? { kid, alg, key, privateKey } : { kid, alg, key };
}

/**
 * The name of a key that names itself: the RFC 7638 thumbprint of a public key, base64url of SHA-256. A secret is named by an
 * HMAC under itself instead, so that its name is no plain hash of it.
 */
export function thumbprint(key: KeyObject): string {
  if (key.type === 'secret') return createHmac('sha256', key).update('postern kid').digest('base64url');
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
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
  const proves =
    Array.isArray(operations) && (operations.includes('verify') || ('d' in jwk && operations.includes('sign')));
  if (!proves) throw new Error('Key: "key_ops" must allow "verify".');
}

function keysOf(material: KeyMaterial): { key: KeyObject; privateKey?: KeyObject } {
  if ('secret' in material) {
    if (typeof material.secret !== 'string') throw new Error('Key: "secret" must be a text of 32 bytes or more.');
    return { key: createSecretKey(Buffer.from(material.secret, 'utf8')) };
  }
  return 'pem' in material ? keysOfPem(material.pem) : keysOfJwk(material.jwk);
}

function keysOfPem(pem: string): { key: KeyObject; privateKey?: KeyObject } {
  if (typeof pem !== 'string' || !pem.includes('-----BEGIN ')) {
    throw new Error('Key: "pem" must be the text of a PEM file, which begins with "-----BEGIN"; a path is none.');
  }
  if (!pem.includes('PRIVATE KEY')) return { key: readable('pem', () => createPublicKey(pem)) };
  const privateKey = readable('pem', () => createPrivateKey(pem));
  return { key: createPublicKey(privateKey), privateKey };
}

/** What OpenSSL says of its decoders tells nobody what to write. */
function readable(member: 'pem' | 'jwk', read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new Error(
      member === 'pem'
        ? 'Key: "pem" cannot be read: it is cut short, has lost its line breaks, or is under a passphrase.'
        : 'Key: "jwk" cannot be read: a member is missing or malformed.',
      { cause },
    );
  }
}

function keysOfJwk(jwk: Jwk): { key: KeyObject; privateKey?: KeyObject } {
  if (jwk.kty === 'oct') {
    if (typeof jwk.k !== 'string' || Buffer.from(jwk.k, 'base64url').toString('base64url') !== jwk.k) {
      throw new Error('Key: "k" must be base64url.');
    }
    return { key: createSecretKey(Buffer.from(jwk.k, 'base64url')) };
  }
  if (jwk.kty !== 'EC' && jwk.kty !== 'RSA') throw new Error('Key: "kty" must be "EC", "RSA" or "oct".');
  const key = readable('jwk', () => createPublicKey({ key: jwk, format: 'jwk' }));
  if (jwk.d === undefined) return { key };
  const privateKey = readable('jwk', () => createPrivateKey({ key: jwk, format: 'jwk' }));
  checkPair(key, privateKey);
  return { key, privateKey };
}

/** The halves of a pair are only known to belong together when one proves what the other signed. */
function checkPair(key: KeyObject, privateKey: KeyObject): void {
  const probe = Buffer.from('postern');
  if (!verify('sha256', probe, key, sign('sha256', probe, privateKey))) {
    throw new Error('Key: the private part does not match the public one.');
  }
}

function naturalAlgorithm(key: KeyObject): JwtAlgorithm | undefined {
  if (key.type === 'secret') return 'HS256';
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  return CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

function checkFit(key: KeyObject, alg: JwtAlgorithm): void {
  if (alg === 'HS256') {
    if (key.type !== 'secret') throw new Error('Key: HS256 needs a secret.');
    if ((key.symmetricKeySize ?? 0) < LEAST_SECRET_BYTES)
      throw new Error('Key: HS256 needs a secret of 32 bytes or more.');
  } else if (alg.startsWith('ES')) {
    if (CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] !== alg) throw new Error(`Key: wrong curve for ${alg}.`);
  } else {
    if (key.asymmetricKeyType !== 'rsa') throw new Error(`Key: ${alg} needs an RSA key.`);
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    if (modulusLength < LEAST_RSA_BITS) throw new Error('Key: RSA needs 2048 bits or more.');
    if (publicExponent < LEAST_RSA_EXPONENT) throw new Error('Key: the RSA exponent must be 65537 or more.');
    if (hasRocaFingerprint(key)) throw new Error('Key: this RSA key was made by a broken generator (ROCA).');
  }
}
