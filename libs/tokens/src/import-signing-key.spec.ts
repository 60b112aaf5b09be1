import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { importSigningKey } from './import-signing-key.js';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
const three = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
const pem = (pair: { privateKey: typeof rsa.privateKey }) =>
  pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const jwk = (pair: { privateKey: typeof rsa.privateKey }): JsonWebKey => pair.privateKey.export({ format: 'jwk' });

/** A modulus like those of CVE-2017-15361: a power of 65537 modulo the product of small primes. */
function brokenModulus(): string {
  const isPrime = (number: number): boolean =>
    ![2, 3, 5, 7, 11].some((prime) => number !== prime && number % prime === 0);
  const product = Array.from({ length: 166 }, (_, at) => at + 2)
    .filter(isPrime)
    .reduce((all, prime) => all * BigInt(prime), 1n);
  const modulus = product * (2n ** 2047n / product + 1n) + (65_537n ** 5n % product);
  return Buffer.from(modulus.toString(16), 'hex').toString('base64url');
}

describe('importSigningKey', () => {
  it('importSigningKey gives a key the same kid from PEM and from JWK', () => {
    const fromPem = importSigningKey({ algorithm: 'ES256', privateKey: pem(p256) });
    const fromJwk = importSigningKey({ algorithm: 'ES256', privateKey: jwk(p256) });
    expect(fromPem.kid).toBe(fromJwk.kid);
    expect(fromPem.jwk).not.toHaveProperty('d');
    expect(fromPem.privateKey?.type).toBe('private');
    expect(fromPem.key.equals(createPublicKey(p256.privateKey))).toBe(true);
  });

  it('importSigningKey gives the example key of RFC 7638 the thumbprint of the RFC', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
      'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha' +
      'jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const key = importSigningKey({ algorithm: 'RS256', publicKey: { kty: 'RSA', n, e: 'AQAB' } });
    expect(key.kid).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    expect(key.privateKey).toBeUndefined();
  });

  it('importSigningKey prefers the kid of the setting to the kid of the JWK', () => {
    expect(importSigningKey({ algorithm: 'ES256', privateKey: { ...jwk(p256), kid: 'a' } }).kid).toBe('a');
    expect(importSigningKey({ algorithm: 'ES256', kid: 'b', privateKey: { ...jwk(p256), kid: 'a' } }).kid).toBe('b');
  });

  it.each<[string, Parameters<typeof importSigningKey>[0], RegExp]>([
    ['another curve', { algorithm: 'ES256', privateKey: pem(p384) }, /curve/],
    ['RSA for ECDSA', { algorithm: 'ES256', privateKey: pem(rsa) }, /curve/],
    ['ECDSA for RSA', { algorithm: 'PS256', privateKey: pem(p256) }, /needs an RSA key/],
    ['a small RSA key', { algorithm: 'RS256', privateKey: pem(small) }, /1024 bits/],
    ['an RSA key with exponent 3', { algorithm: 'RS256', privateKey: pem(three) }, /exponent/],
    [
      'an RSA key of a broken generator',
      { algorithm: 'RS256', publicKey: { kty: 'RSA', n: brokenModulus(), e: 'AQAB' } },
      /ROCA/,
    ],
    ['a foreign private part', { algorithm: 'ES256', privateKey: { ...jwk(p256), d: jwk(other).d } }, /match|read/],
    [
      'a foreign public key',
      { algorithm: 'ES256', privateKey: pem(p256), publicKey: other.publicKey.export({ format: 'jwk' }) },
      /match/,
    ],
    ['a key for encryption', { algorithm: 'ES256', privateKey: { ...jwk(p256), use: 'enc' } }, /use/],
    ['a key for another algorithm', { algorithm: 'RS256', privateKey: { ...jwk(rsa), alg: 'PS256' } }, /alg/],
    [
      'a key that may only verify',
      { algorithm: 'ES256', privateKey: { ...jwk(p256), key_ops: ['verify'] } },
      /key_ops/,
    ],
    ['text that is not a key', { algorithm: 'ES256', privateKey: 'secret-text' }, /PEM/],
    ['nothing', { algorithm: 'ES256' }, /needs privateKey/],
    ['a short secret', { algorithm: 'HS256', secret: 'short' }, /32 bytes/],
    ['a public key as secret', { algorithm: 'HS256', privateKey: pem(p256) }, /oct/],
    ['a secret for ECDSA', { algorithm: 'ES256', secret: 'x'.repeat(40) }, /no secret/],
    ['a name with a line break', { algorithm: 'ES256', kid: 'a\nb', privateKey: pem(p256) }, /kid/],
  ])('importSigningKey rejects %s', (_name, settings, sentence) => {
    expect(() => importSigningKey(settings, 3)).toThrow(sentence);
    expect(() => importSigningKey(settings, 3)).toThrow(/staticKeys\[3\]/);
    expect(() => importSigningKey(settings, 3)).not.toThrow(/secret-text|BEGIN P/);
  });
});
