import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { CompactSign } from 'jose';
import { JWT_ALGORITHMS } from './algorithms.js';
import { importKey } from './import-key.js';
import { parseJws } from './parse-jws.js';
import { createSignature } from './sign.js';
import { verifyJws, verifySignature } from './verify.js';
import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from './algorithms.js';
import type { ImportedKey } from './import-key.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const curve = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;

function keyFor(alg: JwtAlgorithm): ImportedKey & { readonly privateKey: KeyObject } {
  if (alg === 'HS256') return importKey({ secret: randomBytes(32).toString('hex') }) as ReturnType<typeof keyFor>;
  const curves = { ES256: 'P-256', ES384: 'P-384' } as const;
  const isEd25519 = alg === 'EdDSA' || alg === 'Ed25519';
  const key = isEd25519
    ? generateKeyPairSync('ed25519').privateKey
    : alg in curves
      ? curve(curves[alg as keyof typeof curves])
      : rsa;
  return importKey({ pem: key.export({ format: 'pem', type: 'pkcs8' }).toString(), alg }) as ReturnType<typeof keyFor>;
}

const signedByJose = ({ alg, privateKey }: ReturnType<typeof keyFor>, payload: Buffer): Promise<string> =>
  new CompactSign(payload).setProtectedHeader({ alg }).sign(privateKey);

/** The text with another character at this index, in the canonical alphabet. */
const changed = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

describe('verifyJws', () => {
  it.each(JWT_ALGORITHMS)(
    'verifyJws accepts a signature of another library and rejects a changed text, for %s',
    async (alg) => {
      const key = keyFor(alg);
      const text = await signedByJose(key, Buffer.from('{"sub":"ann"}'));
      expect(verifyJws(parseJws(text), key)).toBe(true);
      const [payloadAt, signatureAt] = [text.indexOf('.') + 3, text.lastIndexOf('.') + 1];
      for (const at of [payloadAt, signatureAt, signatureAt + 20]) {
        expect(verifyJws(parseJws(changed(text, at)), key)).toBe(false);
      }
      expect(verifyJws(parseJws(text), keyFor(alg === 'ES256' ? 'RS256' : 'ES256'))).toBe(false);
    },
  );

  it('verifyJws verifies a text of any length, and texts of different lengths one after the other', async () => {
    const key = keyFor('ES256');
    for (const bytes of [10, 100_000, 6_000, 6_140, 10]) {
      const text = await signedByJose(key, Buffer.alloc(bytes, 'x'));
      const jws = parseJws(text, 1_000_000);
      expect([bytes, verifyJws(jws, key)]).toEqual([bytes, true]);
    }
  });

  it('verifyJws rejects an RSA signature under the other padding of the same key', async () => {
    const text = await signedByJose(keyFor('RS256'), Buffer.from('{}'));
    const { privateKey } = keyFor('PS256');
    const [header, payload] = text.split('.');
    const forged = createSignature('PS256', privateKey, Buffer.from(`${header}.${payload}`)).toString('base64url');
    expect(verifyJws(parseJws(`${header}.${payload}.${forged}`), keyFor('RS256'))).toBe(false);
  });
});

describe('verifySignature', () => {
  it.each(JWT_ALGORITHMS)(
    'verifySignature rejects a signature that is too short, too long, or empty, for %s',
    (alg) => {
      const key = keyFor(alg);
      const input = Buffer.from('input');
      const signature = createSignature(alg, key.privateKey, input);
      expect(verifySignature(key, input, signature)).toBe(true);
      const longer = Buffer.concat([signature, Buffer.from([0])]);
      for (const wrong of [signature.subarray(1), signature.subarray(0, -1), longer, Buffer.alloc(0)]) {
        expect(verifySignature(key, input, wrong)).toBe(false);
      }
    },
  );
});
