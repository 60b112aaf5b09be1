import { createHash, createHmac } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * The `kid` of a key that has no other name.
 *
 * The thumbprint of a public key is the one of RFC 7638 (SHA-256, base64url). The thumbprint of a secret is an HMAC under that secret,
 * because `kid` is public: RFC 7638 §7 warns that a plain hash of a secret helps to guess it.
 *
 * @see RFC 7638 §3
 */
export function thumbprint(key: KeyObject): string {
  if (key.type === 'secret') return createHmac('sha256', key).update('postern kid').digest('base64url');
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  // The required members alone, in the order of their names.
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
