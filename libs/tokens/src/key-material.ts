import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { JwtAlgorithm } from 'postern/auth';

const generate = promisify(generateKeyPair);
const CURVES: Partial<Record<JwtAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384' };

/** The members of a public JWK that make up the key; for HS256 no more than its kind. */
export type PublicJwk = Partial<Record<'kty' | 'crv' | 'x' | 'y' | 'n' | 'e', string>>;

/** A new key, before anybody has seen it. */
export interface NewKey {
  readonly kid: string;
  /** PKCS #8 DER, or the bytes of an HS256 secret. */
  readonly material: Buffer;
  readonly publicJwk: PublicJwk;
}

/** Makes a key by chance; without holding up the process, as RSA takes a while. */
export async function generateKey(alg: JwtAlgorithm, rsaBits: number): Promise<NewKey> {
  if (alg === 'HS256') {
    const material = randomBytes(32);
    const kid = thumbprintOf({ kty: 'oct', k: material.toString('base64url') });
    return { kid, material, publicJwk: { kty: 'oct' } };
  }
  const curve = CURVES[alg];
  const { publicKey, privateKey } = curve
    ? await generate('ec', { namedCurve: curve })
    : await generate('rsa', { modulusLength: rsaBits, publicExponent: 65_537 });
  const publicJwk = publicMembersOf(publicKey.export({ format: 'jwk' }));
  return { kid: thumbprintOf(publicJwk), material: privateKey.export({ format: 'der', type: 'pkcs8' }), publicJwk };
}

/** The key that signs, from its material. */
export function privateKeyOf(alg: JwtAlgorithm, material: Buffer): KeyObject {
  if (alg === 'HS256') return createSecretKey(material);
  return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
}

/** The key that proves, from the members of a public JWK. */
export function publicKeyOf(jwk: JsonWebKey): KeyObject {
  return createPublicKey({ key: publicMembersOf(jwk), format: 'jwk' });
}

/** Only the members that make up a public key (RFC 7517 §4, RFC 7518 §6), whatever else the object holds. */
export function publicMembersOf(jwk: JsonWebKey): PublicJwk {
  return jwk.kty === 'EC' ? { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } : { kty: jwk.kty, n: jwk.n, e: jwk.e };
}

/**
 * The name that follows from the key itself.
 *
 * @see RFC 7638 §3
 */
export function thumbprintOf(jwk: JsonWebKey): string {
  const { kty, crv, x, y, n, e, k } = jwk;
  // The required members alone, in the order of their names.
  const members = kty === 'EC' ? { crv, kty, x, y } : kty === 'RSA' ? { e, kty, n } : { k, kty };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
