import { createCipheriv, publicEncrypt, randomBytes } from 'node:crypto';
import { hostile } from './hostile-token.js';
import { byEs, byHs, compact, encode, goodClaims, goodHeader } from './fixture.js';
import type { HostileToken } from './hostile-token.js';
import type { World } from './fixture.js';

/** Other objects that the same key signs. */
export function ofTypes(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const typed = (typ: unknown, more: object = {}): string =>
    compact({ ...goodHeader(world), typ }, { ...claims, ...more }, byEs(world.es));
  const { typ: _, ...untyped } = goodHeader(world);
  const types = [
    'JWT',
    'jwt',
    ' at+jwt',
    'at+jwt ',
    'at+jwt;v=1',
    'at',
    'jwt+at',
    'application/jwt',
    'application/at+jwt;v=1',
    'text/at+jwt',
    'application/application/at+jwt',
    '/at+jwt',
    '',
    'at+jwt\u0000',
    'JOSE',
    'JOSE+JSON',
    '__proto__',
  ];
  const odd: Record<string, unknown> = { null: null, 'a number': 1, 'a list': ['at+jwt'], 'an object': {}, true: true };
  return hostile('typ', {
    ...Object.fromEntries(types.map((typ) => [JSON.stringify(typ), typed(typ)])),
    ...Object.fromEntries(Object.entries(odd).map(([name, typ]) => [name, typed(typ)])),
    missing: compact(untyped, claims, byEs(world.es)),
  });
}

/** Each kind of signed object, presented as an access token. */
export function ofPurposes(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const as = (typ: string, more: object = {}): string =>
    compact({ ...goodHeader(world), typ }, { ...claims, ...more }, byEs(world.es));
  const { es } = world;
  return hostile('purpose', {
    'an ID token': as('JWT', { nonce: 'n', at_hash: 'x' }),
    'a typed ID token': as('id+jwt', { nonce: 'n' }),
    'a refresh token as a JWT': as('rt+jwt'),
    'a refresh token of ours': `prt_${randomBytes(60).toString('base64url')}`,
    'a logout token': as('logout+jwt', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
    'a security event token': as('secevent+jwt', {
      events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
    }),
    'a DPoP proof of possession': compact(
      { alg: 'ES256', typ: 'dpop+jwt', jwk: es.publicKey.export({ format: 'jwk' }) },
      { jti: 'x', htm: 'GET', htu: 'https://orders.example.com/', iat: world.now },
      byEs(es),
    ),
    'a client assertion': as('client-authentication+jwt', { iss: 'client', sub: 'client' }),
    'a client assertion without a type': as('JWT', { iss: 'client', sub: 'client', aud: world.issuer }),
    'a request object': as('oauth-authz-req+jwt', { response_type: 'code' }),
    'an introspection answer': as('token-introspection+jwt', { token_introspection: { active: true } }),
    'an entity statement': as('entity-statement+jwt'),
    'a verification token for an e-mail': as('email-verification+jwt'),
    'a challenge of a second factor': as('mfa-challenge+jwt'),
    'an SD-JWT': `${as('at+jwt')}~WyJzYWx0IiwgIm5hbWUiLCAidmFsdWUiXQ~`,
    'a token bound to a DPoP proof': as('at+jwt', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }),
    'a PASETO': 'v4.public.eyJzdWIiOiJ4In0',
    'a macaroon': 'MDAxY2xvY2F0aW9uIGh0dHBzOi8vZXhhbXBsZQ',
    'basic credentials': Buffer.from('user:password').toString('base64'),
    'a session id': 'b7a0f7f2-7000-4000-8000-000000000000',
    'an API key': 'sk_live_51H8',
  });
}

/** A JWE around an unsigned text: any client can encrypt with a public key (RFC 8725 §2.3). */
export function ofEncrypted(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const encrypted = (payload: object | string, header: object): string => {
    const key = randomBytes(32);
    const nonce = randomBytes(12);
    const protectedHeader = encode(header);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(protectedHeader));
    const text = Buffer.concat([
      cipher.update(typeof payload === 'string' ? payload : JSON.stringify(payload)),
      cipher.final(),
    ]);
    const wrapped = publicEncrypt({ key: world.rs.publicKey, oaepHash: 'sha256' }, key);
    return [
      protectedHeader,
      ...[wrapped, nonce, text, cipher.getAuthTag()].map((part) => part.toString('base64url')),
    ].join('.');
  };
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', kid: world.rs.kid };
  const unsigned = `${encode({ alg: 'none' })}.${encode(claims)}.`;
  const [first, key, nonce, text, tag] = encrypted(claims, header).split('.') as [
    string,
    string,
    string,
    string,
    string,
  ];
  return hostile('JWE', {
    'claims for our public key': encrypted(claims, header),
    'an unsigned token for our public key': encrypted(unsigned, { ...header, cty: 'JWT' }),
    'without a key (dir)': [encode({ ...header, alg: 'dir' }), '', nonce, text, tag].join('.'),
    RSA1_5: [encode({ ...header, alg: 'RSA1_5' }), key, nonce, text, tag].join('.'),
    'by a password of many rounds': [
      encode({ ...header, alg: 'PBES2-HS256+A128KW', p2c: 2_147_483_647, p2s: 'AAAA' }),
      key,
      nonce,
      text,
      tag,
    ].join('.'),
    compressed: [encode({ ...header, zip: 'DEF' }), key, nonce, text, tag].join('.'),
    'cut to three parts': [first, key, nonce].join('.'),
    'header of a JWE, signature of a JWS': compact(
      { ...goodHeader(world), enc: 'A256GCM', alg: 'dir' },
      claims,
      byEs(world.es),
    ),
  });
}

/** Tokens of the issuer with a shared secret that differ slightly from valid ones. */
export function ofSecrets(world: World): HostileToken[] {
  const { issuer, secret } = world.single;
  const claims = { ...goodClaims(world), iss: issuer };
  const spoken = (header: object, key: string): string =>
    compact({ alg: 'HS256', typ: 'at+jwt', ...header }, claims, byHs(key));
  return hostile('secret', {
    'a guess': spoken({}, 'secret'),
    'an empty secret': spoken({}, ''),
    'the secret with a line end': spoken({}, `${secret}\n`),
    'the secret cut': spoken({}, secret.slice(0, -1)),
    'the secret in base64': spoken({}, Buffer.from(secret).toString('base64')),
    'an unknown kid': spoken({ kid: 'another' }, secret),
    HS512: compact({ alg: 'HS512', typ: 'at+jwt' }, claims, byHs(secret, 'sha512')),
    'signed by the ES256 key of another issuer': compact({ alg: 'ES256', typ: 'at+jwt' }, claims, byEs(world.es)),
  });
}
