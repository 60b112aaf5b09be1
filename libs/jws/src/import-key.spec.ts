import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { importKey, importVerificationKeys } from './import-key.js';
import { thumbprint } from './jwk.js';
import type { Jwk } from './jwk.js';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
const p256 = ec('P-256');
const rsa2048 = rsa(2048);
const ed25519 = generateKeyPairSync('ed25519');
const jwkOf = (key: KeyObject): Jwk => key.export({ format: 'jwk' });
const pemOf = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();

describe('importKey', () => {
  it.each([
    ['ES256', p256.publicKey],
    ['ES384', ec('P-384').publicKey],
    ['RS256', rsa2048.publicKey],
    ['EdDSA', ed25519.publicKey],
  ] as const)(
    'importKey imports a public key for its default algorithm, %s, with the thumbprint of RFC 7638 as kid',
    async (alg, key) => {
      const expected = { alg, kid: await calculateJwkThumbprint(jwkOf(key) as object) };
      expect(importKey({ jwk: jwkOf(key) })).toMatchObject(expected);
      expect(importKey({ pem: pemOf(key) })).toMatchObject(expected);
    },
  );

  it('importKey derives the public part of a private key and returns both parts', () => {
    for (const material of [{ jwk: jwkOf(p256.privateKey) }, { pem: pemOf(p256.privateKey) }]) {
      const { key, privateKey } = importKey(material);
      expect([key.type, privateKey?.type, key.equals(p256.publicKey)]).toEqual(['public', 'private', true]);
    }
  });

  it('importKey uses another algorithm of the key if the material names one', () => {
    expect(importKey({ pem: pemOf(rsa2048.publicKey), alg: 'PS256' }).alg).toBe('PS256');
    expect(importKey({ jwk: { ...jwkOf(rsa2048.publicKey), alg: 'RS512' } }).alg).toBe('RS512');
  });

  it('importKey imports a secret of 32 bytes, with a kid that is not a plain hash of the secret', () => {
    const { alg, key, kid } = importKey({ secret: 's'.repeat(32) });
    expect([alg, key.type, kid]).toEqual(['HS256', 'secret', thumbprint(key)]);
    expect(importKey({ jwk: { kty: 'oct', k: Buffer.from('s'.repeat(32)).toString('base64url') } }).kid).toBe(kid);
  });

  const p256Jwk = jwkOf(p256.publicKey);
  const rsaJwk = jwkOf(rsa2048.publicKey);
  it.each<[string, () => unknown]>([
    ['a secret of 31 bytes', () => importKey({ secret: 's'.repeat(31) })],
    ['an empty secret', () => importKey({ secret: '' })],
    ['a secret that is not base64url', () => importKey({ jwk: { kty: 'oct', k: `${'A'.repeat(50)}==` } })],
    ['RSA of 1024 bits', () => importKey({ pem: pemOf(rsa(1024).publicKey) })],
    ['RSA with the exponent 3', () => importKey({ pem: pemOf(rsa(2048, 3).publicKey) })],
    ['the curve of another algorithm', () => importKey({ pem: pemOf(p256.publicKey), alg: 'ES384' })],
    ['an unsupported curve', () => importKey({ pem: pemOf(ec('secp256k1').publicKey) })],
    ['Ed448', () => importKey({ pem: pemOf(generateKeyPairSync('ed448').publicKey), alg: 'EdDSA' })],
    ['X25519', () => importKey({ jwk: { ...jwkOf(generateKeyPairSync('x25519').publicKey), alg: 'EdDSA' } })],
    ['an EC key for Ed25519', () => importKey({ pem: pemOf(p256.publicKey), alg: 'Ed25519' })],
    ['an Ed25519 key for HS256', () => importKey({ pem: pemOf(ed25519.publicKey), alg: 'HS256' })],
    [
      'a private part of another Ed25519 key',
      () => importKey({ jwk: { ...jwkOf(ed25519.publicKey), d: jwkOf(generateKeyPairSync('ed25519').privateKey).d } }),
    ],
    ['an RSA key for ES256', () => importKey({ pem: pemOf(rsa2048.publicKey), alg: 'ES256' })],
    ['an EC key for RS256', () => importKey({ pem: pemOf(p256.publicKey), alg: 'RS256' })],
    ['a public key for HS256', () => importKey({ pem: pemOf(p256.publicKey), alg: 'HS256' })],
    ['a secret for ES256', () => importKey({ jwk: { kty: 'oct', k: 'A'.repeat(43), alg: 'ES256' } })],
    ['the algorithm "none"', () => importKey({ jwk: { ...p256Jwk, alg: 'none' } })],
    ['two algorithms', () => importKey({ jwk: { ...rsaJwk, alg: 'RS256' }, alg: 'PS256' })],
    ['a key for encryption', () => importKey({ jwk: { ...p256Jwk, use: 'enc' } })],
    ['a key that may only encrypt', () => importKey({ jwk: { ...p256Jwk, key_ops: ['encrypt'] } })],
    ['key_ops that is not a list', () => importKey({ jwk: { ...p256Jwk, key_ops: 'verify' } })],
    ['a point that is not on the curve', () => importKey({ jwk: { ...p256Jwk, y: p256Jwk.x } })],
    ['a private part of another EC key', () => importKey({ jwk: { ...p256Jwk, d: jwkOf(ec('P-256').privateKey).d } })],
    ['a private part of another RSA key', () => importKey({ jwk: { ...jwkOf(rsa(2048).privateKey), n: rsaJwk.n } })],
    ['a name of 257 characters', () => importKey({ jwk: p256Jwk, kid: 'k'.repeat(257) })],
    ['an empty name', () => importKey({ jwk: { ...p256Jwk, kid: '' } })],
    ['a name that is a number', () => importKey({ jwk: { ...p256Jwk, kid: 1 } })],
    ['an unknown kty', () => importKey({ jwk: { ...p256Jwk, kty: 'OKP' } })],
    ['a text that is not PEM', () => importKey({ pem: 'secret' })],
  ])('importKey rejects %s', (_, act) => expect(act).toThrow(/.+/));

  it('importVerificationKeys returns the algorithm of the key, or each algorithm of its type if it names none', () => {
    const algorithms = (jwk: Jwk) => importVerificationKeys({ jwk }).map(({ alg }) => alg);
    expect(algorithms({ ...rsaJwk, alg: 'PS256' })).toEqual(['PS256']);
    expect(algorithms(rsaJwk)).toEqual(['RS256', 'RS384', 'RS512', 'PS256']);
    expect(algorithms(p256Jwk)).toEqual(['ES256']);
    expect(algorithms(jwkOf(ed25519.publicKey))).toEqual(['EdDSA', 'Ed25519']);
    expect(algorithms({ kty: 'oct', k: 'A'.repeat(43) })).toEqual(['HS256']);
  });

  it('importKey never quotes the key in an error', () => {
    const secret = 'correct horse battery staple';
    expect(() => importKey({ secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) as string }),
    );
  });
});
