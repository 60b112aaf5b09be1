import { createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from './algorithms.js';

/** A JWK as a key set holds it (RFC 7517). */
export type Jwk = JsonWebKey & { kid?: unknown; alg?: unknown; use?: unknown; key_ops?: unknown };

/** The members of a public JWK that make up the key; for HS256 only `kty`. */
export type PublicJwk = Partial<Record<'kty' | 'crv' | 'x' | 'y' | 'n' | 'e', string>>;

/**
 * Only the members that make up a public key, whatever else the object holds.
 *
 * @see RFC 7517 §4, RFC 7518 §6, RFC 8037 §2
 */
export function publicMembersOf(jwk: JsonWebKey): PublicJwk {
  const { kty, crv, x, y, n, e } = jwk;
  if (kty === 'OKP') return { kty, crv, x };
  return kty === 'EC' ? { kty, crv, x, y } : { kty, n, e };
}

/** The public key that the public members of the JWK describe, even if the JWK also holds a private part. */
export function publicKeyOf(jwk: JsonWebKey): KeyObject {
  return createPublicKey({ key: publicMembersOf(jwk), format: 'jwk' });
}

/** The signing key that `NewKey.material` holds. */
export function privateKeyOf(alg: JwtAlgorithm, material: Buffer): KeyObject {
  if (alg === 'HS256') return createSecretKey(material);
  return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
}

/**
 * The `kid` of a key that has no other name.
 *
 * The thumbprint of a public key is the one of RFC 7638 (SHA-256, base64url). The thumbprint of a secret is an HMAC
 * under that secret, because `kid` is public: RFC 7638 §7 warns that a plain hash of a secret helps to guess it.
 *
 * @see RFC 7638 §3, RFC 8037 §2
 */
export function thumbprint(key: KeyObject): string {
  if (key.type === 'secret') return createHmac('sha256', key).update('postern kid').digest('base64url');
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  // The required members alone, in the order of their names.
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'OKP' ? { crv, kty, x } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
