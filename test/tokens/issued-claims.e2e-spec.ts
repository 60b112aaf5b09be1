import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { createHttpAdapter, PosternModule } from 'postern';
import { CurrentPrincipal, RevocationPublisher } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ClaimsProvider } from 'postern/sessions';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import type { TokensSettings } from 'postern/tokens';
import { DataSource } from 'typeorm';
import type { INestApplication } from '@nestjs/common';
import { until } from '../support/until.js';

const audience = 'orders';
const account = { email: 'ada@example.com', password: 'seven small boats at noon' };

@Controller('whoami')
class WhoAmIController {
  @Get()
  whoami(@CurrentPrincipal() { clientId }: Principal): { clientId: string | undefined } {
    return { clientId };
  }
}

/** The claims that the next token gets. */
class TeamClaims extends ClaimsProvider {
  static next: Record<string, unknown> = {};
  claims(): Record<string, unknown> {
    return TeamClaims.next;
  }
}

describe.each(['fastify', 'express'] as const)('a server on %s', (adapter) => {
  const logged: string[] = [];
  let database: TestDatabase;
  let app: INestApplication;
  let url: string;

  async function boot(tokens: Partial<TokensSettings> = {}): Promise<void> {
    // The metadata name the issuer, so the server must listen where the issuer is.
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    url = `http://127.0.0.1:${port}`;
    const postern = PosternModule.forRoot({
      issuer: url,
      audience,
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      claims: TeamClaims,
      tokens,
      password: { argon2: { memoryKiB: 7168, iterations: 1 } },
    });
    @Module({ imports: [postern], controllers: [WhoAmIController] })
    class ServerModule {}
    app = await NestFactory.create(ServerModule, await createHttpAdapter(adapter), {
      logger: { log: () => {}, warn: () => {}, error: (...lines: unknown[]) => void logged.push(lines.join('\n')) },
      abortOnError: false,
    });
    await app.listen(port, '127.0.0.1');
  }

  const post = (path: string, body: object): Promise<Response> =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const logIn = async (): Promise<Response> => post('/auth/login', account);
  const tokenOf = async (): Promise<string> =>
    ((await (await logIn()).json()) as { access_token: string }).access_token;
  const whoami = (token: string): Promise<Response> =>
    fetch(`${url}/whoami`, { headers: { authorization: `Bearer ${token}` } });

  beforeEach(async () => {
    TeamClaims.next = {};
    logged.length = 0;
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  it.each([
    [{}, 'postern'],
    [{ clientId: 'web-app' }, 'web-app'],
  ])(
    'a login token has the required claims of RFC 9068, and a strict verifier accepts it, with the settings %j',
    async (settings, clientId) => {
      await boot(settings);
      await post('/auth/register', account);
      const token = await tokenOf();
      expect(Object.keys(decodeJwt(token))).toEqual(
        expect.arrayContaining(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']),
      );
      expect(await (await whoami(token)).json()).toEqual({ clientId });

      const service = express()
        .use(auth({ issuerBaseURL: url, issuer: url, audience, strict: true, tokenSigningAlg: 'ES256' }))
        .get('/orders', (_request, response) => void response.json({}));
      service.use(((error: Error & { status?: number }, _: unknown, response: express.Response, _next: unknown) => {
        response.status(error.status ?? 500).json({ error: error.message });
      }) as express.ErrorRequestHandler);
      const listening = service.listen(0, '127.0.0.1');
      await once(listening, 'listening');
      const answer = await fetch(`http://127.0.0.1:${(listening.address() as AddressInfo).port}/orders`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect([answer.status, await answer.json()]).toEqual([200, {}]);
      listening.close();
      listening.closeAllConnections();
    },
  );

  it('a revocation of the kind "client" ends the tokens of the first-party application', async () => {
    await boot({ clientId: 'web-app' });
    await post('/auth/register', account);
    const token = await tokenOf();
    await app.get(RevocationPublisher).publish({ kind: 'client', target: 'another', reason: 'removed' });
    expect((await whoami(token)).status).toBe(200);
    await app.get(RevocationPublisher).publish({ kind: 'client', target: 'web-app', reason: 'removed' });
    await until(async () => (await whoami(token)).status === 401, 1000);
  });

  it('a login whose claims make the token too long is answered by a problem, and the log names the largest claims', async () => {
    await boot();
    await post('/auth/register', account);
    TeamClaims.next = { permissions: ['x'.repeat(6000)], team: 'blue' };
    const answer = await logIn();
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const body = (await answer.json()) as object;
    expect([answer.status, body]).toEqual([500, expect.objectContaining({ code: 'access-token-too-large' })]);
    expect(JSON.stringify(body)).not.toMatch(/permissions|xxxx|bytes/);
    expect(logged.join('\n')).toMatch(/has 8\d{3} bytes.*"maximumTokenBytes" is 8000.*"permissions" \(6004 bytes\)/);
    expect(logged.join('\n')).not.toMatch(/xxxx/);
    expect(await app.get(DataSource).query('SELECT id FROM sessions')).toEqual([]);

    TeamClaims.next = { team: 'Ann \ud83d' };
    expect(await (await logIn()).json()).toMatchObject({ status: 500, code: 'malformed-claim' });
    expect(logged.join('\n')).toMatch(/the claim "team" has a lone surrogate/);
  });

  it('maximumTokenBytes allows longer tokens, which the guard of the same server accepts', async () => {
    await boot({ maximumTokenBytes: 12_000 });
    await post('/auth/register', account);
    TeamClaims.next = { permissions: 'x'.repeat(8000) };
    const token = await tokenOf();
    expect(token.length).toBeGreaterThan(11_000);
    expect((await whoami(token)).status).toBe(200);
    TeamClaims.next = { permissions: 'x'.repeat(9000) };
    expect((await logIn()).status).toBe(500);
  });
});
