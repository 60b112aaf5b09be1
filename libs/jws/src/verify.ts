import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import { ALGORITHM_PARAMETERS } from './algorithms.js';
import { digestOf, keyInput } from './sign.js';
import type { AlgorithmParameters } from './algorithms.js';
import type { ParsedJws } from './parse-jws.js';
import type { VerificationKey } from './verification-key.js';

/**
 * Holds the bytes of a JWS of usual length: a buffer for each would be most of the garbage that a verification
 * leaves.
 */
const SCRATCH = Buffer.allocUnsafeSlow(8_192);

/** Whether the signature, in the form of JWS, is the key's signature of these bytes. */
export function verifySignature({ alg, key }: VerificationKey, signingInput: Buffer, signature: Buffer): boolean {
  const parameters: AlgorithmParameters = ALGORITHM_PARAMETERS[alg];
  if (parameters.kind === 'secret') {
    const expected = createHmac(parameters.digest, key).update(signingInput).digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  // An RSA signature is as long as the modulus (RFC 8017 §8.1.2 and §8.2.2, step 1).
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && signature.length !== Math.ceil(modulusLength / 8)) return false;
  return verify(digestOf(parameters), signingInput, keyInput(parameters, key), signature);
}

/**
 * Whether the key has signed the token. A token that names another algorithm than the one of the key is never verified.
 *
 * @see RFC 7515 §5.2, RFC 8725 §3.1
 */
export function verifyJws({ text, alg, signature }: ParsedJws, key: VerificationKey): boolean {
  if (alg !== key.alg) return false;
  const bytes = text.length <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(text.length);
  const inputLength = text.length - signature.length - 1;
  // Base64url and dots alone: one byte a character. The signature is decoded behind the dot.
  const signatureLength = bytes.write(signature, inputLength, 'base64url');
  const signatureBytes = bytes.subarray(inputLength, inputLength + signatureLength);
  return verifySignature(key, bytes.subarray(0, bytes.write(text, 0, inputLength, 'latin1')), signatureBytes);
}
