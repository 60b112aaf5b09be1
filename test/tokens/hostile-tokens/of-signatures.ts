import { hostile } from './hostile-token.js';
import { byDer, byEs, byHs, byNothing, byRs, compact, encode, goodClaims, goodHeader, spellings } from './fixture.js';
import type { HostileToken } from './hostile-token.js';
import type { Signer, World } from './fixture.js';

const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const ZERO = Buffer.alloc(32);
const ONE = Buffer.concat([Buffer.alloc(31), Buffer.from([1])]);

/** Invalid signatures. */
export function ofSignatures(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const sound = byEs(world.es);
  const changed = (change: (signature: Buffer) => Buffer): string =>
    compact(goodHeader(world), claims, (input) => change(sound(input)));
  const fixed = (...bytes: Buffer[]): string => compact(goodHeader(world), claims, () => Buffer.concat(bytes));
  const [header, payload, signature] = compact(goodHeader(world), claims, sound).split('.') as [string, string, string];
  const rs = { ...goodHeader(world), alg: 'RS256', kid: world.rs.kid };
  const rsChanged = (change: (signature: Buffer) => Buffer): string =>
    compact(rs, claims, (input) => change(byRs(world.rs)(input)));
  return hostile('signature', {
    empty: `${header}.${payload}.`,
    'cut by a byte': changed((bytes) => bytes.subarray(0, -1)),
    'cut to its half': changed((bytes) => bytes.subarray(0, 32)),
    'a byte longer': changed((bytes) => Buffer.concat([bytes, Buffer.from([0])])),
    'a zero in front': changed((bytes) => Buffer.concat([Buffer.from([0]), bytes])),
    twice: changed((bytes) => Buffer.concat([bytes, bytes])),
    'first bit turned': changed((bytes) => Buffer.concat([Buffer.from([bytes[0]! ^ 0x80]), bytes.subarray(1)])),
    'last bit turned': changed((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])])),
    'halves exchanged': changed((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])),
    reversed: changed((bytes) => Buffer.from(bytes).reverse()),
    'DER instead of raw': compact(goodHeader(world), claims, byDer(world.es)),
    'r and s zero (CVE-2022-21449)': fixed(ZERO, ZERO),
    'r zero, s one': fixed(ZERO, ONE),
    'r one, s zero': fixed(ONE, ZERO),
    'r and s one': fixed(ONE, ONE),
    'r and s the order of the curve': fixed(ORDER, ORDER),
    'r the order, s one': fixed(ORDER, ONE),
    'r and s all ones': fixed(Buffer.alloc(64, 0xff)),
    'a single zero byte': fixed(Buffer.from([0])),
    'of another payload': `${header}.${encode({ ...claims, sub: 'another' })}.${signature}`,
    'of another header': `${encode({ ...goodHeader(world), extra: 1 })}.${payload}.${signature}`,
    'by the key of the attacker': compact(goodHeader(world), claims, byEs(world.attacker.es)),
    'by the key of another issuer with the same kid': compact(goodHeader(world), claims, byEs(world.partner.es)),
    'by our key for another issuer': compact(
      goodHeader(world),
      { ...claims, iss: world.partner.issuer, aud: world.partner.audience },
      sound,
    ),
    'with another hash': compact(goodHeader(world), claims, byEs(world.es, 'sha512')),
    'RS256 empty': rsChanged(() => Buffer.alloc(0)),
    'RS256 zeros': rsChanged((bytes) => Buffer.alloc(bytes.length)),
    'RS256 cut': rsChanged((bytes) => bytes.subarray(1)),
    'RS256 a zero in front': rsChanged((bytes) => Buffer.concat([Buffer.from([0]), bytes])),
    'RS256 by the attacker': compact(rs, claims, byRs(world.attacker.rs)),
    'RS256 with another hash': compact(rs, claims, byRs(world.rs, 'sha512')),
  });
}

/** Unknown algorithms, and algorithms of other keys. */
export function ofAlgorithms(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const spoken = (alg: unknown, signer: Signer): string => compact({ ...goodHeader(world), alg }, claims, signer);
  const sound = byEs(world.es);
  const none = ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\t', 'none\u0000', '', 'n\u200bone', 'ｎｏｎｅ'];
  const texts: Record<string, string> = {};
  for (const alg of none) {
    texts[`${JSON.stringify(alg)} without a signature`] = spoken(alg, byNothing);
    texts[`${JSON.stringify(alg)} with a signature`] = spoken(alg, sound);
  }
  const { alg: _, ...withoutAlg } = goodHeader(world);
  const odd: Record<string, unknown> = {
    null: null,
    'a number': 256,
    zero: 0,
    true: true,
    'a list': ['ES256'],
    'an object': { alg: 'ES256' },
    'in lower case': 'es256',
    'with a space': 'ES256 ',
    "of an object's prototype": '__proto__',
    "a method's name": 'toString',
    constructor: 'constructor',
    'not known': 'XX256',
    EdDSA: 'EdDSA',
    ES256K: 'ES256K',
    ES512: 'ES512',
    HS1: 'HS1',
    'RSA1_5, which encrypts': 'RSA1_5',
    'dir, which encrypts': 'dir',
  };
  for (const [name, alg] of Object.entries(odd)) texts[name] = spoken(alg, sound);
  return hostile('algorithm', {
    ...texts,
    missing: compact(withoutAlg, claims, sound),
    'missing, without a signature': compact(withoutAlg, claims, byNothing),
    'RS256 for the ES256 key': spoken('RS256', byRs(world.rs)),
    'ES384 for the ES256 key': spoken('ES384', byEs(world.es, 'sha384')),
    'ES256 for the RS256 key': compact({ ...goodHeader(world), kid: world.rs.kid }, claims, sound),
    'RS512 for the RS256 key': compact(
      { alg: 'RS512', typ: 'at+jwt', kid: world.rs.kid },
      claims,
      byRs(world.rs, 'sha512'),
    ),
    'PS256 for the RS256 key': compact({ alg: 'PS256', typ: 'at+jwt', kid: world.rs.kid }, claims, byRs(world.rs)),
  });
}

/**
 * HS256 with the public key as the secret. This issuer allows HS256 on purpose, so that only the key can reject the
 * token.
 */
export function ofConfusion(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const texts: Record<string, string> = {};
  for (const [type, { kid, publicKey }] of Object.entries({ ES256: world.es, RS256: world.rs })) {
    for (const [name, secret] of Object.entries(spellings(publicKey))) {
      texts[`${type} key, ${name}`] = compact({ alg: 'HS256', typ: 'at+jwt', kid }, claims, byHs(secret));
    }
  }
  const pem = world.rs.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return hostile('confusion', {
    ...texts,
    'HS384 by the PEM': compact({ alg: 'HS384', typ: 'at+jwt', kid: world.rs.kid }, claims, byHs(pem, 'sha384')),
    'HS512 by the PEM': compact({ alg: 'HS512', typ: 'at+jwt', kid: world.rs.kid }, claims, byHs(pem, 'sha512')),
    'HS256 by the PEM, without kid': compact({ alg: 'HS256', typ: 'at+jwt' }, claims, byHs(pem)),
    'the secret of another issuer': compact({ alg: 'HS256', typ: 'at+jwt' }, claims, byHs(world.single.secret)),
  });
}
