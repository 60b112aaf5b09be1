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
import { libraries, signedByPyJwt, verdictsOf, whyNoPython } from './interoperability/libraries.js';
import type { Rules } from './interoperability/libraries.js';

const issuer = 'https://id.example.test';
const audience = 'orders';
if (whyNoPython !== undefined) {
  // The libraries are required in CI.
  if (process.env.CI) throw new Error(whyNoPython);
  process.stderr.write(`${whyNoPython}\n`);
}
const wherePythonIs = whyNoPython === undefined ? describe : describe.skip;

/** Tokens by the stage of the rotation. */
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

describe.each(['ES256', 'RS256'] as const)('a rotation of %s keys', (algorithm) => {
  const tokens: Record<string, string> = {};
  let subject: string;
  let database: TestDatabase;
  let app: INestApplication;
  let url: string;
  let rules: Rules;
  const closing: (() => Promise<void> | void)[] = [];

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
    subject = ((await post('/auth/register')) as { id: string }).id;
  });
  afterAll(async () => {
    for (const close of closing) await close();
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
  const kidsNow = async () =>
    ((await (await fetch(rules.jwksUri)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

  /** The verdict of each newly started library on each token. */
  async function verdicts(told: Tokens): Promise<Record<string, Record<string, string>>> {
    const said = libraries.map(async (library) => {
      const verdict = await verdictsOf(library, rules, Object.values(told));
      return [library, Object.fromEntries(Object.keys(told).map((name, index) => [name, verdict[index]!]))] as const;
    });
    return Object.fromEntries(await Promise.all(said));
  }
  const fromAll = (verdict: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(libraries.map((library) => [library, verdict]));
  const refused: unknown = expect.stringMatching(/^refused: /);

  it('every library accepts the tokens of the active key and rejects a bad one', async () => {
    tokens.before = await logIn();
    expect(decodeProtectedHeader(tokens.before)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: kidOf(tokens.before) });
    const claims = decodeJwt(tokens.before);
    const signed = (more: object) => app.get(TokenSigner).sign({ ...claims, ...more }, { typ: 'at+jwt' });
    const [header, payload, signature] = tokens.before.split('.') as [string, string, string];
    const flipped = Buffer.from(signature, 'base64url');
    flipped[20]! ^= 1;
    const told = {
      before: tokens.before,
      forged: `${header}.${payload}.${flipped.toString('base64url')}`,
      'for others': await signed({ aud: 'billing' }),
      'of others': await signed({ iss: 'https://elsewhere.example.test' }),
      expired: await signed({ iat: claims.iat! - 3600, exp: claims.exp! - 3600 }),
    };
    expect(await verdicts(told)).toEqual(
      fromAll({ before: subject, forged: refused, 'for others': refused, 'of others': refused, expired: refused }),
    );
  });

  it('every library accepts the tokens of the active key while the next key is announced', async () => {
    await app.get(KeyRotation).rotate();
    expect(await kidsNow()).toHaveLength(2);
    tokens.during = await logIn();
    expect(kidOf(tokens.during)).toBe(kidOf(tokens.before!));
    expect(await verdicts(tokens)).toEqual(fromAll({ before: subject, during: subject }));
  });

  it('a library that has cached the announced key accepts its tokens without a request', async () => {
    const window = new Window(rules.jwksUri);
    closing.push(() => window.shut());
    const keys = createRemoteJWKSet(new URL(await window.open()));
    const patient = async (token: string) => (await jwtVerify(token, keys, { issuer, audience })).payload.sub;
    expect(await patient(tokens.during!)).toBe(subject);

    LateClock.seconds = AFTER_THE_LEAD;
    tokens.after = await logIn();
    expect(kidOf(tokens.after)).not.toBe(kidOf(tokens.before!));
    expect(await patient(tokens.after)).toBe(subject);
    expect(await patient(tokens.before!)).toBe(subject);
    expect(window.asked).toBe(1);
  });

  it('every library accepts the tokens of both keys after the rotation', async () => {
    expect(await verdicts(tokens)).toEqual(fromAll({ before: subject, during: subject, after: subject }));
  });

  it('every library rejects the tokens of a revoked key and accepts the others', async () => {
    const { before, after } = tokens as { before: string; after: string };
    await app.get(RevokeKey).kill(kidOf(after), 'stolen');
    const told = { after, before, next: await logIn() };
    expect(await verdicts(told)).toEqual(fromAll({ after: refused, before: subject, next: subject }));
  });
});

@Controller('orders')
class OrdersController {
  @Get()
  orders(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }
}

wherePythonIs('a token that PyJWT makes (needs Python with PyJWT and Authlib)', () => {
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
