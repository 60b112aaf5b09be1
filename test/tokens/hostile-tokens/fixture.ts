import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A key pair: the issuer holds the private half, and the public half is public. */
export interface Pair {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The environment of attacker and application: issuers, keys, the time, and a URL that must never be requested. */
export interface World {
  /** Epoch seconds. */
  readonly now: number;
  readonly issuer: string;
  readonly audience: string;
  readonly es: Pair;
  readonly rs: Pair;
  /** A second ES256 key of the same issuer. */
  readonly spare: Pair;
  /** Another trusted issuer, whose ES256 key has the same `kid`. */
  readonly partner: { readonly issuer: string; readonly audience: string; readonly es: Pair };
  /** A trusted issuer with one shared secret, whose tokens name no key. */
  readonly single: { readonly issuer: string; readonly secret: string };
  /** Keys of the attacker. */
  readonly attacker: { readonly es: Pair; readonly rs: Pair };
  /** The URL of a server that counts its requests. */
  readonly canary: string;
}

export function makeWorld(canary: string, now: number): World {
  return {
    now,
    issuer: 'https://id.example.com',
    audience: 'orders',
    es: pair('es-1', 'ec'),
    rs: pair('rs-1', 'rsa'),
    spare: pair('es-2', 'ec'),
    partner: { issuer: 'https://partner.example.com', audience: 'orders-for-partners', es: pair('es-1', 'ec') },
    single: { issuer: 'https://single.example.com', secret: 'a secret of thirty-two bytes or more' },
    attacker: { es: pair('es-1', 'ec'), rs: pair('rs-1', 'rsa') },
    canary,
  };
}

function pair(kid: string, type: 'ec' | 'rsa'): Pair {
  const keys =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, ...keys };
}

/** The claims of a valid token. */
export function goodClaims({ now, issuer, audience }: World): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience,
    sub: '0192b7a0-1111-7000-8000-000000000001',
    iat: now - 10,
    exp: now + 890,
    jti: '0192b7a0-2222-7000-8000-000000000002',
    sid: '0192b7a0-3333-7000-8000-000000000003',
    scope: 'orders:read',
  };
}

/** The header of a valid token. */
export const goodHeader = ({ es }: Pick<World, 'es'>): Record<string, unknown> => ({
  alg: 'ES256',
  typ: 'at+jwt',
  kid: es.kid,
});

/** Serializes an object as JSON; strings and bytes stay unchanged. */
export type Part = object | string | Buffer;
/** Signs `header.payload`. */
export type Signer = (input: string) => Buffer;

export const byEs = ({ privateKey }: Pick<Pair, 'privateKey'>, hash = 'sha256'): Signer => {
  return (input) => sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
};
export const byDer = ({ privateKey }: Pick<Pair, 'privateKey'>): Signer => {
  return (input) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'der' });
};
export const byRs = ({ privateKey }: Pick<Pair, 'privateKey'>, hash = 'sha256'): Signer => {
  return (input) => sign(hash, Buffer.from(input), privateKey);
};
export const byHs = (secret: string | Buffer, hash = 'sha256'): Signer => {
  const key = createSecretKey(typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret);
  return (input) => createHmac(hash, key).update(input).digest();
};
export const byNothing: Signer = () => Buffer.alloc(0);

/** Encodes bytes as base64url. */
export function encode(part: Part): string {
  if (Buffer.isBuffer(part)) return part.toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part), 'utf8').toString('base64url');
}

/** Creates a compact JWS from any parts. */
export function compact(header: Part, payload: Part, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

/** Encodings of the public key that a confused verifier could use as an HMAC secret. */
export function spellings(publicKey: KeyObject): Readonly<Record<string, string | Buffer>> {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const jwk = createPublicKey(pem).export({ format: 'jwk' });
  return {
    PEM: pem,
    'PEM without its line end': pem.trimEnd(),
    'PEM with CRLF': pem.replaceAll('\n', '\r\n'),
    'PEM with a leading space': ` ${pem}`,
    'PEM with a NUL at the end': `${pem}\0`,
    'PEM on one line': pem.replaceAll('\n', ''),
    'PEM without its frame': pem.replaceAll(/-----[A-Z ]+-----|\n/g, ''),
    DER: der,
    'DER in base64': der.toString('base64'),
    'DER in base64url': der.toString('base64url'),
    'DER in hexadecimal': der.toString('hex'),
    JWK: JSON.stringify(jwk),
    'JWK indented': JSON.stringify(jwk, null, 2),
    'a JWK set': JSON.stringify({ keys: [jwk] }),
    'the modulus or x': Buffer.from(jwk.n ?? jwk.x!, 'base64url'),
    'the modulus or x as text': jwk.n ?? jwk.x!,
    nothing: '',
    'a NUL': '\0',
    'the word undefined': 'undefined',
    'the word null': 'null',
    'the word [object Object]': '[object Object]',
  };
}
