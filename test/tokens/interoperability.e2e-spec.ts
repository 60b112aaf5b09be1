import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createHttpAdapter, PosternModule } from 'postern';
import { AuthModule, Clock, CurrentPrincipal } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { RevokeKey, KeyRotation, TokenSigner } from 'postern/tokens';
import { algorithms, judges, removeBinaries, signedByPyJwt, verdictsOf, whyNot } from './interoperability/judges.js';
import type { Rules } from './interoperability/judges.js';

const issuer = 'https://id.example.test';
const audience = 'orders';
/** Tokens by name. */
type Tokens = Readonly<Record<string, string>>;

/** Seconds: longer than the lead time of a new key, and shorter than the lifetime of an access token. */
const BEGIN = -400;
const AFTER_THE_LEAD = BEGIN + 371;

/**
 * The issuer's clock is behind that of the libraries, which use the system clock. A whole rotation can therefore happen
 * at once, and no token is issued in their future.
 */
@Injectable()
class LateClock extends Clock {
  static seconds = BEGIN;
  override now(): number {
    return Date.now() + LateClock.seconds * 1000;
  }
}

/** The JWKS of the issuer at another URL, which counts requests and can be closed. */
class Window {
  asked = 0;
  private readonly server: Server;

  constructor(jwksUri: string) {
    this.server = createServer((_request, response) => {
      this.asked += 1;
      void fetch(jwksUri).then(async (answer) => response.end(await answer.text()));
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  shut(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Each judge, with the reason if it is not on this machine. CI counts a skipped test as failed. */
const present = judges.map((judge) => ({ judge, reason: whyNot(judge) }));
afterAll(removeBinaries);

/** Judged by the JWKS after a rotation, and once more after the new key is killed. */
type Stage = 'after the rotation' | 'after the kill';

describe.each(algorithms)('a rotation of %s keys', (algorithm) => {
  const tokens: Record<string, string> = {};
  const verdicts: Record<string, Record<Stage, Tokens | Error>> = {};
  let subject: string;
  let database: TestDatabase;
  let app: INestApplication;
  let url: string;
  let rules: Rules;
  let window: Window;
  const cached: (string | undefined)[] = [];

  beforeAll(async () => {
    LateClock.seconds = BEGIN;
    database = await createTestDatabase();
    app = await NestFactory.create(
      PosternModule.forRoot({
        issuer,
        audience,
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        clock: LateClock,
        auth: { algorithms: [algorithm] },
        tokens: { algorithm },
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      }),
      await createHttpAdapter('fastify'),
      { logger: false, abortOnError: false },
    );
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    rules = { jwksUri: `${url}/.well-known/jwks.json`, issuer, audience, algorithm };
    window = new Window(rules.jwksUri);
    subject = ((await post('/auth/register')) as { id: string }).id;
    await rotateAndKill();
  }, 120_000);
  afterAll(async () => {
    window?.shut();
    await app?.close();
    await database?.drop();
  });

  async function post(path: string): Promise<object> {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: 'seven small boats at noon' }),
    });
    return (await response.json()) as object;
  }
  const logIn = async (): Promise<string> => ((await post('/auth/login')) as { access_token: string }).access_token;
  const kidOf = (token: string) => decodeProtectedHeader(token).kid!;
  const able = present.filter(({ judge }) => judge.algorithms.includes(algorithm));

  async function rotateAndKill(): Promise<void> {
    const keys = createRemoteJWKSet(new URL(await window.open()));
    const patient = async (token: string) =>
      cached.push((await jwtVerify(token, keys, { issuer, audience })).payload.sub);
    tokens.before = await logIn();
    await app.get(KeyRotation).rotate();
    await patient(tokens.before);
    tokens.during = await logIn();
    LateClock.seconds = AFTER_THE_LEAD;
    tokens.after = await logIn();
    await patient(tokens.after);
    await patient(tokens.before);

    const claims = decodeJwt(tokens.after);
    const signed = (more: object) => app.get(TokenSigner).sign({ ...claims, ...more }, { typ: 'at+jwt' });
    const [header, payload, signature] = tokens.after.split('.') as [string, string, string];
    const flipped = Buffer.from(signature, 'base64url');
    flipped[20]! ^= 1;
    await judged('after the rotation', {
      ...tokens,
      forged: `${header}.${payload}.${flipped.toString('base64url')}`,
      'for others': await signed({ aud: 'billing' }),
      'of others': await signed({ iss: 'https://elsewhere.example.test' }),
      expired: await signed({ iat: claims.iat! - 3600, exp: claims.exp! - 3600 }),
    });
    await app.get(RevokeKey).kill(kidOf(tokens.after), 'stolen');
    await judged('after the kill', { before: tokens.before, after: tokens.after, next: await logIn() });
  }

  /** Records the verdict of each newly started judge on each token. */
  async function judged(stage: Stage, given: Tokens): Promise<void> {
    const asked = able.filter(({ reason }) => reason === undefined);
    await Promise.all(
      asked.map(async ({ judge }) => {
        const verdict = await verdictsOf(judge, rules, Object.values(given)).catch((error: Error) => error);
        verdicts[judge.library] = {
          ...verdicts[judge.library]!,
          [stage]:
            verdict instanceof Error
              ? verdict
              : Object.fromEntries(Object.keys(given).map((name, index) => [name, verdict[index]!])),
        };
      }),
    );
  }

  it('a library that has cached the announced key accepts its tokens without a request', () => {
    const { before, during, after } = tokens as { before: string; during: string; after: string };
    expect(decodeProtectedHeader(before)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: kidOf(before) });
    expect(kidOf(during)).toBe(kidOf(before));
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect(cached).toEqual([subject, subject, subject]);
    expect(window.asked).toBe(1);
  });

  const rejected: unknown = expect.stringMatching(/^rejected: /);
  const promise = 'accepts the tokens of both keys and rejects bad ones and those of a killed key';
  it.each(able.filter(({ reason }) => reason === undefined).map(({ judge }) => judge.library))(
    `%s ${promise}`,
    (library) => {
      expect(verdicts[library]).toEqual({
        'after the rotation': {
          before: subject,
          during: subject,
          after: subject,
          forged: rejected,
          'for others': rejected,
          'of others': rejected,
          expired: rejected,
        },
        'after the kill': { before: subject, after: rejected, next: subject },
      });
    },
  );
  for (const { judge, reason } of able.filter((each) => each.reason !== undefined)) {
    it.skip(`${judge.library} ${promise} (not here: ${reason})`, () => undefined);
  }
});

@Controller('orders')
class OrdersController {
  @Get()
  orders(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }
}

const whyNoPyJwt = present.find(({ judge }) => judge.library === 'PyJWT')!.reason;
const wherePyJwtIs = whyNoPyJwt === undefined ? describe : describe.skip;
wherePyJwtIs(`a token that PyJWT makes${whyNoPyJwt === undefined ? '' : ` (not here: ${whyNoPyJwt})`}`, () => {
  const secret = 'a secret of thirty-two bytes or more';
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = ({ publicKey }: typeof rsa) => publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const configured = {
    HS256: { key: secret, staticKey: { secret, kid: 'hs-1' }, kid: 'hs-1' },
    RS256: {
      key: rsa.privateKey.export(pem).toString(),
      staticKey: { pem: publicPem(rsa), kid: 'rs-1' },
      kid: 'rs-1',
    },
    ES256: { key: ec.privateKey.export(pem).toString(), staticKey: { pem: publicPem(ec), kid: 'es-1' }, kid: 'es-1' },
  } as const;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'alice',
    iat: now,
    exp: now + 600,
    jti: randomUUID(),
    scope: 'a b',
  };

  describe.each(['HS256', 'RS256', 'ES256'] as const)('by %s', (algorithm) => {
    const { key, staticKey, kid } = configured[algorithm];
    let app: INestApplication;

    beforeAll(async () => {
      const module = await Test.createTestingModule({
        imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ issuer, audience, staticKeys: [staticKey] })],
        controllers: [OrdersController],
      }).compile();
      app = module.createNestApplication(new FastifyAdapter(), { logger: false });
      await app.listen(0, '127.0.0.1');
    });
    afterAll(() => app?.close());

    const answerTo = async (token: string) => {
      const response = await fetch(`${await app.getUrl()}/orders`, { headers: { authorization: `Bearer ${token}` } });
      return { status: response.status, body: await response.json() };
    };

    it("Postern's guard accepts the token with the configured key and claims", async () => {
      const token = await signedByPyJwt({ key, algorithm, claims, headers: { typ: 'at+jwt', kid } });
      const { status, body } = await answerTo(token);
      expect(status).toBe(200);
      expect(body).toMatchObject({ issuer, audience: [audience], subject: 'alice', keyId: kid, scopes: ['a', 'b'] });
    });

    it.each([
      ['the type JWT', { kid }, {}],
      ['an unknown kid', { typ: 'at+jwt', kid: 'other' }, {}],
      ['another audience', { typ: 'at+jwt', kid }, { aud: 'billing' }],
      ['no jti', { typ: 'at+jwt', kid }, { jti: undefined }],
      ['an expiry in the past', { typ: 'at+jwt', kid }, { iat: now - 900, exp: now - 300 }],
    ])("Postern's guard rejects the token with %s", async (_name, headers, more) => {
      const token = await signedByPyJwt({ key, algorithm, claims: { ...claims, ...more }, headers });
      expect((await answerTo(token)).status).toBe(401);
    });
  });
});
