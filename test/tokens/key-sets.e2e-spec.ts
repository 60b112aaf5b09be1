import { Controller, Get } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { JWTHeaderParameters } from 'jose';
import { AuthModule, CurrentPrincipal } from 'postern/auth';
import type { AuthSettings, Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';

const audience = 'orders';
const pair = {
  es: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  otherEs: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  es384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  okp: generateKeyPairSync('ed25519'),
};
type Pair = (typeof pair)[keyof typeof pair];
const jwkOf = ({ publicKey }: Pair, more: object = {}): object => ({ ...publicKey.export({ format: 'jwk' }), ...more });

@Controller('orders')
class OrdersController {
  @Get()
  orders(@CurrentPrincipal() { keyId }: Principal): { keyId: string } {
    return { keyId };
  }
}

/** The key set that the issuer publishes. */
let published: unknown[] = [];
const server: Server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  const metadata = { issuer: issuerUrl(), jwks_uri: `${issuerUrl()}/jwks` };
  response.end(JSON.stringify(request.url === '/jwks' ? { keys: published } : metadata));
});
const issuerUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function signed(key: Pair, header: JWTHeaderParameters): Promise<string> {
  return new SignJWT({ scope: 'orders:read' })
    .setProtectedHeader({ typ: 'at+jwt', ...header })
    .setIssuer(issuerUrl())
    .setAudience(audience)
    .setSubject('ann')
    .setJti('1')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key.privateKey);
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each<[string, () => AbstractHttpAdapter]>([
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter()],
])('a service on %s that reads the key set of an issuer', (_, adapter) => {
  let application: INestApplication | undefined;

  /** Starts a service that knows this key set. */
  async function knowing(keys: unknown[], settings: Partial<AuthSettings> = {}): Promise<void> {
    published = keys;
    const module = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ issuer: issuerUrl(), audience, ...settings })],
      controllers: [OrdersController],
    }).compile();
    application = module.createNestApplication(adapter(), { logger: false });
    await application.listen(0, '127.0.0.1');
  }

  /** The `kid` of the key that verified the token, or the status of the rejection. */
  async function ask(token: string, scheme = 'Bearer '): Promise<unknown> {
    const { port } = new URL(await application!.getUrl());
    const outgoing = send({ host: '127.0.0.1', port, path: '/orders', headers: { authorization: scheme + token } });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { keyId?: string };
    return body.keyId ?? incoming.statusCode;
  }

  afterEach(async () => {
    await application?.close();
    application = undefined;
  });

  it('the algorithm of the token chooses between keys with one kid, and the same key may be listed twice', async () => {
    await knowing([
      jwkOf(pair.es, { kid: 'k', alg: 'ES256' }),
      jwkOf(pair.rsa, { kid: 'k', alg: 'RS256' }),
      jwkOf(pair.rsa, { kid: 'k', alg: 'PS256' }),
      jwkOf(pair.es, { kid: 'k', alg: 'ES256', use: 'sig' }),
    ]);
    expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'k' }))).toBe('k');
    expect(await ask(await signed(pair.rsa, { alg: 'RS256', kid: 'k' }))).toBe('k');
    expect(await ask(await signed(pair.rsa, { alg: 'PS256', kid: 'k' }))).toBe('k');
    expect(await ask(await signed(pair.rsa, { alg: 'RS512', kid: 'k' }))).toBe(401);
    expect(await ask(await signed(pair.otherEs, { alg: 'ES256', kid: 'k' }))).toBe(401);
  });

  it('two different keys with one kid and one algorithm are ambiguous, so neither verifies a token', async () => {
    await knowing([jwkOf(pair.es, { kid: 'k' }), jwkOf(pair.otherEs, { kid: 'k' }), jwkOf(pair.rsa, { kid: 'k' })]);
    for (const key of [pair.es, pair.otherEs])
      expect(await ask(await signed(key, { alg: 'ES256', kid: 'k' }))).toBe(401);
    expect(await ask(await signed(pair.rsa, { alg: 'RS256', kid: 'k' }))).toBe('k');
  });

  it('a key without alg verifies each algorithm of its type that the settings list', async () => {
    const keys = [
      jwkOf(pair.rsa, { kid: 'rsa' }),
      jwkOf(pair.es, { kid: 'es' }),
      jwkOf(pair.es384, { kid: 'es384' }),
      jwkOf(pair.okp, { kid: 'okp' }),
    ];
    await knowing(keys, { algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] });
    for (const alg of ['RS256', 'PS256']) expect(await ask(await signed(pair.rsa, { alg, kid: 'rsa' }))).toBe('rsa');
    expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'es' }))).toBe('es');
    expect(await ask(await signed(pair.es384, { alg: 'ES384', kid: 'es384' }))).toBe('es384');
    expect(await ask(await signed(pair.okp, { alg: 'EdDSA', kid: 'okp' }))).toBe('okp');
    for (const alg of ['RS384', 'RS512']) expect(await ask(await signed(pair.rsa, { alg, kid: 'rsa' }))).toBe(401);
    expect(await ask(await signed(pair.okp, { alg: 'Ed25519', kid: 'okp' }))).toBe(401);
  });

  it('a key set of one key without a kid verifies tokens without a kid', async () => {
    await knowing([jwkOf(pair.es)]);
    const keyId = await ask(await signed(pair.es, { alg: 'ES256' }));
    expect(keyId).toEqual(expect.stringMatching(/^[\w-]{43}$/));
    expect(await ask(await signed(pair.otherEs, { alg: 'ES256' }))).toBe(401);
    expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'named' }))).toBe(401);
  });

  it('a token without a kid is verified only if one key of the set fits', async () => {
    await knowing([jwkOf(pair.es, { kid: 'a' }), jwkOf(pair.otherEs, { kid: 'b' }), jwkOf(pair.rsa, { kid: 'c' })]);
    expect(await ask(await signed(pair.es, { alg: 'ES256' }))).toBe(401);
    expect(await ask(await signed(pair.rsa, { alg: 'RS256' }))).toBe('c');
  });

  it('a kid may have 256 characters, and thumbprints of a certificate beside it are ignored', async () => {
    const kid = 'k'.repeat(256);
    await knowing([jwkOf(pair.rsa, { kid, alg: 'RS256' })]);
    const header = { alg: 'RS256', kid, x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA', 'x5t#S256': 'A'.repeat(43) };
    expect(await ask(await signed(pair.rsa, header))).toBe(kid);
    expect(await ask(await signed(pair.rsa, { alg: 'RS256', kid: `${kid}k` }))).toBe(401);
  });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
    'a token of the type %s is an access token (RFC 9068 §4)',
    async (typ) => {
      await knowing([jwkOf(pair.es, { kid: 'k' })]);
      expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'k', typ }))).toBe('k');
      expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'k', typ: 'application/jwt' }))).toBe(401);
    },
  );

  it('one or more spaces separate Bearer from the token (RFC 6750 §2.1)', async () => {
    await knowing([jwkOf(pair.es, { kid: 'k' })]);
    const token = await signed(pair.es, { alg: 'ES256', kid: 'k' });
    for (const scheme of ['Bearer ', 'Bearer   ', 'bearer  ']) expect(await ask(token, scheme)).toBe('k');
    for (const scheme of ['Bearer', 'Bearer\t', 'Bearer \t', 'Bearer, ']) expect(await ask(token, scheme)).toBe(401);
  });

  it('an entry that cannot verify a token does not spoil the set', async () => {
    const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    await knowing([
      { kty: 'AKP', alg: 'ML-DSA-44', kid: 'new', pub: 'AAAA' },
      { kty: 'oct', k: Buffer.from('a secret of thirty-two bytes or more').toString('base64url'), kid: 'k' },
      { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43), kid: 'k' },
      { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'k' },
      jwkOf(pair.otherEs, { kid: 'k', use: 'enc' }),
      jwkOf(pair.otherEs, { kid: 'k', key_ops: ['deriveKey'] }),
      jwkOf(pair.otherEs, { kid: 'k', alg: 'ECDH-ES' }),
      jwkOf(pair.otherEs, { kid: 7 }),
      { ...rsa1024, kid: 'k' },
      { kid: 'k' },
      null,
      'text',
      [],
      7,
      jwkOf(pair.es, { kid: 'k' }),
    ]);
    expect(await ask(await signed(pair.es, { alg: 'ES256', kid: 'k' }))).toBe('k');
    expect(await ask(await signed(pair.otherEs, { alg: 'ES256', kid: 'k' }))).toBe(401);
  });

  it('neither a published secret nor a public key verifies HS256, even if the settings list it', async () => {
    const secret = Buffer.from('a secret of thirty-two bytes or more');
    const symmetric = { kty: 'oct', k: secret.toString('base64url') };
    await knowing([{ ...symmetric, kid: 's' }, jwkOf(pair.rsa, { kid: 'rsa' }), jwkOf(pair.okp, { kid: 'okp' })], {
      algorithms: ['HS256', 'RS256', 'EdDSA'],
    });
    const pem = (key: Pair): Buffer => Buffer.from(key.publicKey.export({ format: 'pem', type: 'spki' }));
    const raw = Buffer.from((jwkOf(pair.okp) as { x: string }).x, 'base64url');
    for (const [kid, bytes] of [
      ['s', secret],
      ['rsa', pem(pair.rsa)],
      ['okp', pem(pair.okp)],
      ['okp', raw],
      [undefined, secret],
    ] as const) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...(kid && { kid }) })
        .setIssuer(issuerUrl())
        .setAudience(audience)
        .setSubject('mallory')
        .setJti('1')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(bytes);
      expect([kid, await ask(token)]).toEqual([kid, 401]);
    }
  });

  it('static keys without alg verify each listed algorithm of their type, and RS256 alone without a list', async () => {
    const staticKeys = [{ pem: pair.rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(), kid: 'k' }];
    const token = await signed(pair.rsa, { alg: 'PS256', kid: 'k' });
    await knowing([], { staticKeys, algorithms: ['PS256'] });
    expect(await ask(token)).toBe('k');
    await application!.close();
    await knowing([], { staticKeys });
    expect(await ask(token)).toBe(401);
    expect(await ask(await signed(pair.rsa, { alg: 'RS256', kid: 'k' }))).toBe('k');
  });
});
