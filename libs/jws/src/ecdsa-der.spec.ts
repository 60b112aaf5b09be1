import { generateKeyPairSync, sign } from 'node:crypto';
import { ecdsaSignatureFromDer } from './ecdsa-der.js';
import { verifySignature } from './verify.js';

describe('ecdsaSignatureFromDer', () => {
  it.each([
    ['ES256', 'P-256', 'sha256'],
    ['ES384', 'P-384', 'sha384'],
  ] as const)(
    'ecdsaSignatureFromDer converts the DER of a KMS to the form of JWS, for %s',
    (alg, namedCurve, digest) => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
      // Enough of them that numbers with leading zeros and with a sign byte both occur.
      for (let round = 0; round < 300; round++) {
        const input = Buffer.from(`input ${round}`);
        const signature = ecdsaSignatureFromDer(sign(digest, input, privateKey), alg);
        expect(signature).toHaveLength(alg === 'ES256' ? 64 : 96);
        expect(verifySignature({ kid: '', alg, key: publicKey }, input, signature)).toBe(true);
        expect(verifySignature({ kid: '', alg, key: publicKey }, Buffer.from('other'), signature)).toBe(false);
      }
    },
  );

  it.each(['', '30', '3006020101020101ff', '3006020101030101', '30080200020400000001', '3003020101'])(
    'ecdsaSignatureFromDer rejects the bytes %j, which are not a signature in DER',
    (hex) => expect(() => ecdsaSignatureFromDer(Buffer.from(hex, 'hex'), 'ES256')).toThrow(/DER/),
  );
});
