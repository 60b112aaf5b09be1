import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { documentOf, PosternModule } from 'postern';
import {
  AccessTokenVerifier,
  AuthModule,
  CurrentPrincipal,
  InvalidTokenError,
  OwnIssuerOnly,
  Public,
  RevocationHealth,
  RevocationPublisher,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { createTestDatabase, startTestApplication, TestIssuer } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { ProblemModule, ServiceUnavailableError } from 'postern/problem';
import { SessionsService } from 'postern/sessions';
import { UsersService } from 'postern/users';
import { audience, createFeedDatabase, TcpProxy, startReplica, startResource } from '../../revocations/cluster.js';
import type { Replica, Resource } from '../../revocations/cluster.js';
import { until } from '../../support/until.js';

const ISSUER = 'https://id.acme.test';
const PASSWORD = 'seven small boats at noon';
const partner = new TestIssuer('postern', 'https://id.partner.test');
const stranger = new TestIssuer('postern', 'https://id.partner.test');
const EVERY_SCOPE = ['users:read', 'users:write', 'keys:read', 'keys:write', 'revocations:read'];

@Controller('desk')
class DeskController {
  @Get()
  desk(@CurrentPrincipal() { issuer, subject }: Principal): object {
    return { issuer, subject };
  }

  @Get('own')
  @OwnIssuerOnly()
  own(@CurrentPrincipal() { subject }: Principal): object {
    return { subject };
  }
}

@Public()
@Controller('hall')
class HallController {
  @Get('own')
  @OwnIssuerOnly()
  vault(): object {
    return {};
  }
}

@Module({ controllers: [DeskController, HallController] })
class TeamModule {}

describe('a server that accepts tokens of an additional issuer', () => {
  let database: TestDatabase;
  let app: TestApplication;
  let userId: string;
  let own: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: ISSUER,
          secret: 'kT3vQ9zLr7Wm2Xc8Yp5Nd1Hs6Bf4Gj0Ae',
          databaseUrl: database.url,
          auth: { issuers: [partner.settings] },
        }),
        TeamModule,
      ],
    })
    class AppModule {}
    app = await startTestApplication(AppModule);
    const email = 'ada@example.com';
    await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    const { body } = await app.call<{ access_token: string }>('POST', '/auth/login', {
      body: { email, password: PASSWORD },
    });
    own = body.access_token;
    userId = (await app.nest.get(UsersService).findByEmail(email))!.id;
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('the server verifies a partner’s tokens with the configured keys, and its own with its key ring', async () => {
    const token = partner.token({ subject: 'bob' });
    const { issuer } = partner.settings;
    for (let use = 0; use < 3; use += 1) {
      expect(await app.call('GET', '/desk', { token })).toMatchObject({
        status: 200,
        body: { issuer, subject: 'bob' },
      });
      expect(await app.call('GET', '/desk', { token: own })).toMatchObject({
        status: 200,
        body: { issuer: ISSUER, subject: userId },
      });
    }
  });

  it('a token signed with another key is rejected under the name of the partner and of the server', async () => {
    const claims = { iss: ISSUER };
    for (const token of [stranger.token({ subject: 'bob' }), partner.token({ subject: userId, claims })]) {
      expect(await app.call('GET', '/desk', { token })).toMatchObject({ status: 401, body: { code: 'invalid-token' } });
    }
  });

  it('built-in routes reject a partner’s tokens, whatever user and scopes they name', async () => {
    const session = '019abfc2-617b-7000-a1b2-c3d4e5f60718';
    const guarded = Object.entries(documentOf(app.nest).paths).flatMap(([path, operations]) =>
      Object.entries(operations as Record<string, { security?: unknown[] }>)
        .filter(([, { security }]) => (security?.length ?? 0) > 0)
        .map(([method]) => [method.toUpperCase(), path.replace(/\{\w+\}/, userId)] as const),
    );
    const posterns = guarded.filter(([, path]) => !/^\/(desk|hall)/.test(path));
    expect(posterns.length).toBeGreaterThan(15);
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD}, again`, password: PASSWORD };
    for (const [method, path] of posterns) {
      for (const sessionId of [session, 'no uuid']) {
        const token = partner.token({ subject: userId, sessionId, scopes: EVERY_SCOPE });
        const answer = await app.call(method, path, {
          token,
          ...(method === 'GET' || path === '/auth/logout' ? {} : { body }),
        });
        expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 401, 'invalid-token']);
      }
    }
    expect((await app.call('GET', '/users/me', { token: own })).status).toBe(200);
  });

  it('routes with @OwnIssuerOnly() reject a partner’s tokens, also in a public controller', async () => {
    const token = partner.token({ subject: userId });
    expect((await app.call('GET', '/desk/own', { token: own })).status).toBe(200);
    expect((await app.call('GET', '/desk/own', { token })).status).toBe(401);
    expect((await app.call('GET', '/hall/own')).status).toBe(401);
    expect((await app.call('GET', '/hall/own', { token: own })).status).toBe(200);
  });
});

interface Issuer extends Replica {
  readonly issuer: string;
}

describe('services that follow the revocations of two issuers', () => {
  const databases: TestDatabase[] = [];
  const fronts: TcpProxy[] = [];
  const closing: { close(): Promise<void> }[] = [];
  let house: Issuer;
  let partnerHouse: Issuer;

  async function startIssuer(settings?: Parameters<typeof startReplica>[2]): Promise<Issuer> {
    const [database, front] = [await createFeedDatabase(), await TcpProxy.open()];
    databases.push(database);
    fronts.push(front);
    const issuer = `http://127.0.0.1:${front.port}`;
    const replica = await startReplica(database.url, issuer, settings);
    front.leadTo({ port: replica.port, host: '127.0.0.1' });
    return { ...replica, issuer };
  }

  const followed = (replica: Replica, maximumSilenceSeconds = 10) => ({
    follow: true,
    token: () => replica.serviceToken(),
    maximumSilenceSeconds,
  });

  /** A service that trusts both issuers and follows both feeds. */
  async function startService(silence?: number): Promise<Resource> {
    const service = await startResource({
      issuer: house.issuer,
      audience,
      revocations: followed(house, silence),
      issuers: [{ issuer: partnerHouse.issuer, audience, revocations: followed(partnerHouse, silence) }],
    });
    closing.push(service);
    return service;
  }

  beforeEach(async () => {
    house = await startIssuer();
    partnerHouse = await startIssuer();
  });

  afterEach(async () => {
    await Promise.all(closing.splice(0).map((one) => one.close()));
    await Promise.all(fronts.splice(0).map((front) => front.close()));
    await Promise.all([house, partnerHouse].map(({ app }) => app.close()));
    await Promise.all(databases.splice(0).map((database) => database.drop()));
  });

  it('a service rejects the tokens that either issuer has revoked within a second, and reports the state of both feeds', async () => {
    const service = await startService();
    for (const replica of [house, partnerHouse]) {
      const { token, sessionId } = await replica.signIn();
      expect(await service.status(token)).toBe(200);
      const started = performance.now();
      await replica.app.get(SessionsService).revoke(sessionId, 'logout');
      await until(async () => (await service.status(token)) === 401);
      expect(performance.now() - started).toBeLessThan(1000);
    }
    const wellKnown = { status: 'known', entries: 1, applied: 1 };
    expect(service.health.report()).toMatchObject(wellKnown);
    for (const { issuer } of [house, partnerHouse]) {
      expect(service.health.of(issuer)!.report()).toMatchObject(wellKnown);
    }
    expect(service.health.of('https://id.stranger.test')).toBeUndefined();
  });

  it('an issuer cannot revoke tokens of the other, even if it names its session and its user', async () => {
    const service = await startService();
    const { token, sessionId, user } = await house.signIn();
    const publisher = partnerHouse.app.get(RevocationPublisher);
    await publisher.publish({ kind: 'session', target: sessionId, reason: 'envy' });
    await publisher.publish({ kind: 'subject', target: user.id, reason: 'envy' });
    await until(() => service.health.of(partnerHouse.issuer)!.counters.applied === 2);
    expect(await service.status(token)).toBe(200);
  });

  it('only the tokens of an issuer are rejected while its feed is silent', async () => {
    const service = await startService(3);
    const tokens = [(await house.signIn()).token, (await partnerHouse.signIn()).token] as const;
    const both = () => Promise.all(tokens.map((token) => service.status(token)));
    const becomes = (token: string, status: number) =>
      until(async () => (await service.status(token)) === status, 20_000);
    expect(await both()).toEqual([200, 200]);
    fronts[1]!.cut();
    await becomes(tokens[1], 503);
    expect(await both()).toEqual([200, 503]);
    fronts[1]!.resume();
    await becomes(tokens[1], 200);
    fronts[0]!.cut();
    await becomes(tokens[0], 503);
    expect(await both()).toEqual([503, 200]);
  });

  it('a server reads its own revocations from the database and follows the other issuer', async () => {
    const { issuer: further } = partnerHouse;
    const server = await startIssuer({
      auth: { issuers: [{ issuer: further, audience, revocations: followed(partnerHouse) }] },
    });
    closing.push(server.app);
    const status = async (token: string) =>
      (await fetch(`${server.url}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    const own = await server.signIn();
    const partners = await partnerHouse.signIn();
    expect(await status(own.token)).toBe(200);
    await partnerHouse.app.get(SessionsService).revoke(partners.sessionId, 'logout');
    await until(() => server.app.get(RevocationHealth).of(further)!.counters.applied === 1);
    await server.app.get(SessionsService).revoke(own.sessionId, 'logout');
    expect(await status(own.token)).toBe(401);
    await expect(server.app.get(AccessTokenVerifier).verify(partners.token)).rejects.toThrow(InvalidTokenError);
    const { token } = await partnerHouse.signIn();
    await expect(server.app.get(AccessTokenVerifier).verify(token)).resolves.toMatchObject({ issuer: further });
  });
});

describe('a service whose issuer is unavailable', () => {
  let app: TestApplication;
  let absent: TestIssuer;
  let server: Server | undefined;

  beforeAll(async () => {
    const place = createSocketServer();
    await new Promise<void>((resolve) => place.listen(0, '127.0.0.1', resolve));
    absent = new TestIssuer('orders', `http://127.0.0.1:${(place.address() as AddressInfo).port}`);
    await new Promise((resolve) => place.close(resolve));
    const { issuer } = absent.settings;
    app = await startTestApplication({
      module: TeamModule,
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ issuer, audience: 'orders' })],
    });
  });
  afterAll(async () => {
    await app?.close();
    server?.close();
  });

  it('a token that may be valid is answered with 503 while the keys are unavailable, and is accepted afterwards', async () => {
    const token = absent.token({ subject: 'ada' });
    for (let time = 0; time < 3; time += 1) {
      const answer = await app.call('GET', '/desk', { token });
      expect(answer).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('www-authenticate')).toBeNull();
    }
    await expect(app.nest.get(AccessTokenVerifier).verify(token)).rejects.toThrow(ServiceUnavailableError);
    const bad = [undefined, 'no token', partner.token({ subject: 'ada' })];
    const statuses = await Promise.all(bad.map(async (one) => (await app.call('GET', '/desk', { token: one })).status));
    expect(statuses).toEqual([401, 401, 401]);

    const { issuer, staticKeys } = absent.settings;
    const metadata = JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` });
    const jwks = JSON.stringify({ keys: staticKeys!.map((key) => 'jwk' in key && key.jwk) });
    server = createServer(({ url }, response) => response.end(url === '/jwks' ? jwks : metadata));
    server.listen(Number(new URL(issuer).port), '127.0.0.1');
    await until(async () => (await app.call('GET', '/desk', { token })).status === 200);
    const forged = new TestIssuer('orders', issuer).token({ subject: 'ada' });
    expect((await app.call('GET', '/desk', { token: forged })).status).toBe(401);
  });
});
