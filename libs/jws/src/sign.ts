import { constants, createHmac, sign } from 'node:crypto';
import { ALGORITHM_PARAMETERS } from './algorithms.js';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';
import type { AlgorithmParameters, JwtAlgorithm } from './algorithms.js';

/**
 * Signs the bytes in the form that JWS has for the algorithm.
 *
 * @see RFC 7518 §3, RFC 8037 §3.1
 */
export function createSignature(alg: JwtAlgorithm, key: KeyObject, signingInput: Buffer): Buffer {
  const parameters: AlgorithmParameters = ALGORITHM_PARAMETERS[alg];
  if (parameters.kind === 'secret') return createHmac(parameters.digest, key).update(signingInput).digest();
  return sign(digestOf(parameters), signingInput, keyInput(parameters, key));
}

/**
 * The options of `node:crypto` that give the forms of JWS: r‖s for ECDSA, and for RSA-PSS a salt as long as the
 * digest.
 */
export function keyInput(parameters: AlgorithmParameters, key: KeyObject): SignKeyObjectInput {
  if (parameters.kind === 'ec') return { key, dsaEncoding: 'ieee-p1363' };
  if (parameters.kind === 'rsa' && parameters.isPss) {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  }
  return { key };
}

/** The digest for `node:crypto`. Ed25519 signs the bytes themselves. */
export function digestOf(parameters: AlgorithmParameters): string | null {
  return parameters.kind === 'ed25519' ? null : parameters.digest;
}
