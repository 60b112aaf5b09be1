import { Controller, Get } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { createServer, request as send, validateHeaderValue } from 'node:http';
import { SignJWT, UnsecuredJWT } from 'jose';
import { JwtService } from '@nestjs/jwt';
import {
  AccessTokenVerifier,
  AuthModule,
  Clock,
  CurrentPrincipal,
  InvalidTokenError,
  JWT_ALGORITHMS,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { byEs, byHs, byRs, compact, goodClaims, goodHeader, hostileTokens, makeWorld } from './hostile-tokens/index.js';
import type { INestApplication } from '@nestjs/common';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from './hostile-tokens/index.js';

const NOW = Math.floor(Date.UTC(2030, 5, 1) / 1000);

class StoppedClock extends Clock {
  override now(): number {
    return NOW * 1000;
  }
}

@Controller('orders')
class OrdersController {
  @Get()
  orders(@CurrentPrincipal() { subject }: Principal): { subject: string } {
    return { subject };
  }
}

/** Counts the requests to the URL that hostile tokens name. */
const asked: string[] = [];
const canary: Server = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.end('{"keys":[]}');
});
canary.listen(0, '127.0.0.1');
await once(canary, 'listening');

const world: World = makeWorld(`http://127.0.0.1:${(canary.address() as AddressInfo).port}`, NOW);
const corpus = hostileTokens(world);
const kinds = [...new Set(corpus.map(({ kind }) => kind))];

const spki = ({ publicKey }: World['es']): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();
const auth = AuthModule.forRoot({
  issuer: world.issuer,
  audience: world.audience,
  // All algorithms are allowed, so that only the key rejects a token of another algorithm.
  algorithms: JWT_ALGORITHMS,
  staticKeys: [
    { pem: spki(world.es), kid: world.es.kid },
    { pem: spki(world.rs), kid: world.rs.kid, alg: 'RS256' },
    { pem: spki(world.spare), kid: world.spare.kid },
  ],
  issuers: [
    {
      issuer: world.partner.issuer,
      audience: world.partner.audience,
      staticKeys: [{ pem: spki(world.partner.es), kid: world.partner.es.kid }],
    },
    { issuer: world.single.issuer, audience: world.audience, staticKeys: [{ secret: world.single.secret }] },
  ],
  clock: StoppedClock,
});

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() };
const applications = new Map<string, INestApplication>();
const ports = new Map<string, number>();

async function ask(adapter: string, authorization: string): Promise<Answer> {
  const outgoing = send({ host: '127.0.0.1', port: ports.get(adapter), path: '/orders', headers: { authorization } });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { 'www-authenticate': challenge, 'content-type': type } = incoming.headers;
  return { status: incoming.statusCode!, challenge, type, body: Buffer.concat(chunks).toString() };
}

/** The answer without its request id. */
const commonOf = ({ body }: Answer): unknown => ({ ...(JSON.parse(body) as object), instance: undefined });

/** HTTP trims white space around a value and allows no line breaks in it, and Node reads at most 16 KiB of headers. */
function isFitForHttp(text: string): boolean {
  if (text.trim() !== text || text === '' || text.length > 14_000) return false;
  try {
    validateHeaderValue('authorization', text);
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  for (const [name, adapter] of Object.entries(adapters)) {
    const testing = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), auth],
      controllers: [OrdersController],
    }).compile();
    const application = testing.createNestApplication(adapter(), { logger: false });
    await application.listen(0, '127.0.0.1');
    applications.set(name, application);
    ports.set(name, ((application.getHttpServer() as Server).address() as AddressInfo).port);
  }
});

afterAll(async () => {
  for (const application of applications.values()) await application.close();
  canary.close();
});

describe('the corpus of hostile tokens', () => {
  it('the corpus has at least 250 distinct hostile tokens in all classes', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(250);
    expect(new Set(corpus.map(({ kind, name }) => `${kind}: ${name}`)).size).toBe(corpus.length);
    expect(kinds).toHaveLength(14);
    for (const kind of [
      'signature',
      'algorithm',
      'confusion',
      'key in header',
      'kid',
      'critical',
      'typ',
      'JSON',
      'encoding',
      'claims',
      'purpose',
    ]) {
      expect([kind, corpus.filter((one) => one.kind === kind).length >= 20]).toEqual([kind, true]);
    }
  });
});

describe.each(Object.keys(adapters))('the guard on %s', (adapter) => {
  it.each(kinds)('the guard rejects every hostile token of the class "%s" with the same answer', async (kind) => {
    const expected = commonOf(await ask(adapter, 'Bearer nonsense'));
    const wrong: unknown[] = [];
    for (const { name, text } of corpus.filter((one) => one.kind === kind && isFitForHttp(one.text))) {
      const answer = await ask(adapter, `Bearer ${text}`);
      const isRight =
        answer.status === 401 &&
        answer.challenge === 'Bearer error="invalid_token"' &&
        answer.type?.startsWith('application/problem+json') === true &&
        JSON.stringify(commonOf(answer)) === JSON.stringify(expected);
      if (!isRight) wrong.push([name, answer]);
    }
    expect(wrong).toEqual([]);
  });

  it.each(Object.keys(goodTokens()))('the guard accepts %s', async (name) => {
    const { status } = await ask(adapter, `Bearer ${await goodTokens()[name]!()}`);
    expect(status).toBe(200);
  });
});

describe('AccessTokenVerifier', () => {
  it.each(kinds)(
    'AccessTokenVerifier rejects every hostile token of the class "%s" with the same error',
    async (kind) => {
      const verifier = applications.get('Fastify')!.get(AccessTokenVerifier);
      const wrong: unknown[] = [];
      for (const { name, text } of corpus.filter((one) => one.kind === kind)) {
        const outcome: unknown = await verifier.verify(text).catch((error: unknown) => error);
        const isRight =
          outcome instanceof InvalidTokenError && outcome.code === 'invalid-token' && outcome.detail === undefined;
        if (!isRight) wrong.push([name, outcome]);
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each([undefined, null, 1, {}, [], Buffer.from('a.b.c'), { toString: () => 'a.b.c' }])(
    'AccessTokenVerifier rejects a value that is not a string: %p',
    async (value) => {
      const verifier = applications.get('Fastify')!.get(AccessTokenVerifier);
      await expect(verifier.verify(value as string)).rejects.toBeInstanceOf(InvalidTokenError);
    },
  );

  it.each(Object.keys(goodTokens()))('AccessTokenVerifier accepts %s', async (name) => {
    const verifier = applications.get('Express')!.get(AccessTokenVerifier);
    await expect(verifier.verify(await goodTokens()[name]!())).resolves.toMatchObject({ scopes: ['orders:read'] });
  });
});

it('no hostile token has made the verifier request the URL that it names', () => {
  expect(
    corpus.filter(({ text }) => text.includes(Buffer.from('/jku').toString('base64url').slice(0, 3))).length,
  ).toBeGreaterThan(0);
  expect(asked).toEqual([]);
});

/** Valid tokens up to the limits of the rules. They show that the tests above can fail. */
function goodTokens(): Record<string, () => string | Promise<string>> {
  const claims = goodClaims(world);
  const { es, rs, partner, single } = world;
  const jose = (alg: string, kid: string | undefined, more: object = {}) =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, typ: 'at+jwt', ...(kid ? { kid } : {}) });
  const ours = (more: object): string => compact(goodHeader(world), { ...claims, ...more }, byEs(es));
  const nested = `{${JSON.stringify(claims).slice(1, -1)},"x":${'['.repeat(7)}${']'.repeat(7)}}`;
  const jsonwebtoken = (key: World['es'], algorithm: 'ES256' | 'RS256'): string =>
    new JwtService().sign(claims, {
      privateKey: key.privateKey,
      algorithm,
      header: { alg: algorithm, typ: 'at+jwt', kid: key.kid },
    });
  const { sub: _, ...rest } = claims;
  return {
    'ES256 by jose': () => jose('ES256', es.kid).sign(es.privateKey),
    'RS256 by jose': () => jose('RS256', rs.kid).sign(rs.privateKey),
    'HS256 by jose, without kid': () =>
      jose('HS256', undefined, { iss: single.issuer }).sign(Buffer.from(single.secret)),
    'the partner by jose': () =>
      jose('ES256', partner.es.kid, { iss: partner.issuer, aud: partner.audience }).sign(partner.es.privateKey),
    'ES256 by jsonwebtoken': () => jsonwebtoken(es, 'ES256'),
    'RS256 by jsonwebtoken': () => jsonwebtoken(rs, 'RS256'),
    'RS256 by hand': () => compact({ ...goodHeader(world), alg: 'RS256', kid: rs.kid }, claims, byRs(rs)),
    'HS256 by hand': () =>
      compact({ alg: 'HS256', typ: 'at+jwt' }, { ...claims, iss: single.issuer }, byHs(single.secret)),
    'white space in JSON': () =>
      compact(JSON.stringify(goodHeader(world), null, 2), JSON.stringify(claims, null, 2), byEs(es)),
    'names in JSON by escapes': () =>
      compact(goodHeader(world), JSON.stringify(claims).replace('"sub"', '"\\u0073ub"'), byEs(es)),
    'the same name in two objects': () => ours({ a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }, { b: 1 }] }),
    'texts that look like JSON': () => ours({ a: '{"sub":"x","sub":"y"}', b: '"sub":', c: '\\"', d: '[[[[[[[[[[' }),
    'eight levels': () => compact(goodHeader(world), nested, byEs(es)),
    'a subject of 255 characters': () => ours({ sub: 's'.repeat(255) }),
    'a subject of many scripts': () => compact(goodHeader(world), { ...rest, sub: 'Zoë 李 😀' }, byEs(es)),
    'several audiences': () => ours({ aud: ['billing', world.audience] }),
    'the longest life': () => ours({ iat: NOW, exp: NOW + 86_400 }),
    'expired within the tolerance': () => ours({ exp: NOW - 4 }),
    'issued by a replica whose clock is a minute ahead': () => ours({ iat: NOW + 60 }),
    'nbf within the tolerance': () => ours({ nbf: NOW + 5 }),
    'fractions of seconds': () => ours({ iat: NOW - 1.5, exp: NOW + 60.5 }),
    'all optional claims': () =>
      ours({ client_id: 'app', roles: ['a'], amr: ['pwd'], acr: '1', org: 'o', auth_time: NOW - 60, nbf: NOW - 10 }),
    'almost 8 KiB': () => ours({ x: 'x'.repeat(5_700) }),
    'thumbprints of a certificate beside kid': () =>
      compact({ ...goodHeader(world), x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA', 'x5t#S256': 'AAAA' }, claims, byEs(es)),
    'the type in upper case': () => compact({ ...goodHeader(world), typ: 'AT+JWT' }, claims, byEs(es)),
    'the whole media type': () => compact({ ...goodHeader(world), typ: 'Application/at+jwt' }, claims, byEs(es)),
    'RS256 without kid, for which only one key fits': () => compact({ alg: 'RS256', typ: 'at+jwt' }, claims, byRs(rs)),
    'a pair of surrogates by escapes': () =>
      compact(goodHeader(world), `{${JSON.stringify(claims).slice(1, -1)},"x":"\\ud83d\\ude00"}`, byEs(es)),
    'an unknown header parameter': () => compact({ ...goodHeader(world), x: 1 }, claims, byEs(es)),
  };
}

it('the verifier rejects the unsecured token of jose', async () => {
  const text = new UnsecuredJWT(goodClaims(world)).encode();
  await expect(applications.get('Fastify')!.get(AccessTokenVerifier).verify(text)).rejects.toBeInstanceOf(
    InvalidTokenError,
  );
});
