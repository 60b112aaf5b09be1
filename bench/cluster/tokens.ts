import { createSecretKey, generateKeyPairSync, randomUUID, sign, createHmac } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const ISSUER = 'https://id.bench.test';
export const AUDIENCE = 'bench';
const SECONDS = 3600;
const RSA_BITS = 2048;

/** The algorithms whose first verification is measured. */
export type BenchAlgorithm = 'ES256' | 'RS256' | 'HS256';

/** A signing key of the bench and the verification key for the servers. */
export interface BenchKey {
  readonly algorithm: BenchAlgorithm;
  readonly kid: string;
  /** A public JWK, or the secret as text. */
  readonly verification: string;
  readonly signer: KeyObject;
}

/** Generates a key. RSA keys have 2048 bits, the allowed minimum, to keep the cost of the signature low. */
export function makeKey(algorithm: BenchAlgorithm): BenchKey {
  const kid = randomUUID();
  if (algorithm === 'HS256') {
    const secret = `${randomUUID()}${randomUUID()}`;
    return { algorithm, kid, verification: secret, signer: createSecretKey(Buffer.from(secret)) };
  }
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm };
  return { algorithm, kid, verification: JSON.stringify(jwk), signer: privateKey };
}

/** The environment variables that make a server of the bench verify tokens of the key. */
export function environmentOf({ algorithm, kid, verification }: BenchKey): Record<string, string> {
  return { BENCH_ALGORITHM: algorithm, BENCH_KID: kid, BENCH_KEY: verification };
}

/** Creates distinct valid access tokens with Postern's claims. */
export function makeTokens(key: BenchKey, count: number): string[] {
  const header = encode({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid });
  const issuedAt = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, () => {
    const input = `${header}.${encode(claims(issuedAt))}`;
    return `${input}.${signature(key, input)}`;
  });
}

function claims(issuedAt: number): object {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + SECONDS,
    jti: randomUUID(),
    sid: randomUUID(),
    amr: ['pwd'],
    auth_time: issuedAt,
  };
}

function signature({ algorithm, signer }: BenchKey, input: string): string {
  if (algorithm === 'HS256') return createHmac('sha256', signer).update(input).digest('base64url');
  return sign('sha256', Buffer.from(input), { key: signer, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
