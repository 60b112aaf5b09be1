import { ALGORITHM_PARAMETERS } from './algorithms.js';

/**
 * Converts an ECDSA signature from DER, which most KMS and HSM return, to the form of JWS.
 *
 * @throws Error if the bytes are not such a signature
 * @see RFC 7518 §3.4
 */
export function ecdsaSignatureFromDer(der: Buffer, alg: 'ES256' | 'ES384'): Buffer {
  const { coordinateBytes } = ALGORITHM_PARAMETERS[alg];
  // At most 2 + 2 * (2 + 49) bytes, so every length is one byte.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new Error('not an ECDSA signature in DER');
  const first = integerAt(der, 2, coordinateBytes);
  const second = integerAt(der, first.end, coordinateBytes);
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
