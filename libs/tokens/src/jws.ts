import { constants, createHmac, sign, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from 'postern/auth';

const digestOf = (alg: JwtAlgorithm) => `sha${alg.slice(2)}`;

/** How node:crypto is told to sign as JWS does: raw r‖s for ECDSA, a salt as long as the digest for RSA-PSS. */
function keyInputOf(alg: JwtAlgorithm, key: KeyObject) {
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' as const };
  if (!alg.startsWith('PS')) return { key };
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/**
 * Signs as JWS writes it.
 *
 * @see RFC 7518 §3
 */
export function signatureOf(key: KeyObject, alg: JwtAlgorithm, signingInput: Buffer): Buffer {
  if (alg === 'HS256') return createHmac('sha256', key).update(signingInput).digest();
  return sign(digestOf(alg), signingInput, keyInputOf(alg, key));
}

/** Whether the signature, as JWS writes it, is one of this key. */
export function proves(key: KeyObject, alg: JwtAlgorithm, signingInput: Buffer, signature: Buffer): boolean {
  if (alg === 'HS256') {
    const expected = signatureOf(key, alg, signingInput);
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  return verify(digestOf(alg), signingInput, keyInputOf(alg, key), signature);
}

/**
 * An ECDSA signature as JWS writes it, from the DER form that most KMS and HSM return.
 *
 * @throws Error when the bytes are not such a signature
 * @see RFC 7518 §3.4
 */
export function ecdsaSignatureFromDer(der: Buffer, alg: 'ES256' | 'ES384'): Buffer {
  const size = alg === 'ES256' ? 32 : 48;
  // At most 2 + 2 * (2 + 49) bytes, so that every length is one byte.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new Error('not an ECDSA signature in DER');
  const first = integerAt(der, 2, size);
  const second = integerAt(der, first.end, size);
  if (second.end !== der.length) throw new Error('not an ECDSA signature in DER');
  return Buffer.concat([first.value, second.value]);
}

function integerAt(der: Buffer, start: number, size: number): { value: Buffer; end: number } {
  const length = der[start + 1] ?? 0;
  const end = start + 2 + length;
  let digits = der.subarray(start + 2, end);
  while (digits.length > 1 && digits[0] === 0) digits = digits.subarray(1);
  if (der[start] !== 0x02 || length === 0 || digits.length > size || end > der.length) {
    throw new Error('not an ECDSA signature in DER');
  }
  return { value: Buffer.concat([Buffer.alloc(size - digits.length), digits]), end };
}
