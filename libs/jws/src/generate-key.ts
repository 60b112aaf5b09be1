import { createSecretKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyPairKeyObjectResult } from 'node:crypto';
import { ALGORITHM_PARAMETERS } from './algorithms.js';
import { publicMembersOf, thumbprint } from './jwk.js';
import type { AlgorithmParameters, JwtAlgorithm } from './algorithms.js';
import type { PublicJwk } from './jwk.js';

const SECRET_BYTES = 32;
const generate = promisify(generateKeyPair);

/** A new key, which is stored nowhere yet. */
export interface NewKey {
  readonly kid: string;
  /** PKCS #8 DER, or the bytes of an HS256 secret. */
  readonly material: Buffer;
  readonly publicJwk: PublicJwk;
}

/** Generates a random key without blocking the event loop. RSA keys take up to seconds. */
export async function generateKey(alg: JwtAlgorithm, rsaBits: number): Promise<NewKey> {
  const parameters: AlgorithmParameters = ALGORITHM_PARAMETERS[alg];
  if (parameters.kind === 'secret') {
    const material = randomBytes(SECRET_BYTES);
    return { kid: thumbprint(createSecretKey(material)), material, publicJwk: { kty: 'oct' } };
  }
  const { publicKey, privateKey } = await pairFor(parameters, rsaBits);
  return {
    kid: thumbprint(publicKey),
    material: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicJwk: publicMembersOf(publicKey.export({ format: 'jwk' })),
  };
}

function pairFor(
  parameters: Exclude<AlgorithmParameters, { kind: 'secret' }>,
  rsaBits: number,
): Promise<KeyPairKeyObjectResult> {
  if (parameters.kind === 'ed25519') return generate('ed25519', {});
  if (parameters.kind === 'ec') return generate('ec', { namedCurve: parameters.curve });
  return generate('rsa', { modulusLength: rsaBits, publicExponent: 65_537 });
}
