import { Logger } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { AccessTokenVerifier, AuthModule, InvalidTokenError, RevocationPublisher, RevocationSet } from 'postern/auth';
import { byRs, compact, goodClaims, goodHeader } from '../hostile-tokens/index.js';
import { VerifiedTokenCache } from '../../../libs/auth/src/tokens/verified-token-cache.js';
import {
  START,
  world,
  time,
  mapper,
  EmployeeMapper,
  settings,
  tokenWith,
  ask,
  bearer,
  adapters,
  ADAPTERS,
  startOn,
} from './guard.fixture.js';
import type { Answer } from './guard.fixture.js';

describe.each(ADAPTERS)('the guard on %s', (adapter) => {
  const start = startOn(adapter);
  let application: INestApplication;

  beforeAll(async () => {
    application = await start({ ...settings, mapper: EmployeeMapper });
  });
  beforeEach(() => {
    time.now = START;
    mapper.calls = 0;
  });
  afterAll(() => application.close());

  it('the guard is closed by default and answers with a challenge without an error code', async () => {
    const { status, headers, body } = await ask(application, '/orders');
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(JSON.parse(body)).toMatchObject({ status: 401, code: 'invalid-token' });
  });

  it('a missing token and a bad token get the same body', async () => {
    const [missing, bad] = [await ask(application, '/orders'), await ask(application, '/orders', bearer('x.y.z'))];
    const common = ({ body }: Answer): unknown => ({ ...(JSON.parse(body) as object), instance: undefined });
    expect(common(bad)).toEqual(common(missing));
    expect(bad.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('the guard logs the reason of a rejection at level debug, with the request id and without the token', async () => {
    const lines: string[] = [];
    const ignore = (): void => undefined;
    Logger.overrideLogger({ log: ignore, warn: ignore, error: ignore, debug: (line: string) => void lines.push(line) });
    const signatureOfAnother = tokenWith({ sub: 'ann' }).split('.')[2];
    const forged = [...tokenWith().split('.').slice(0, 2), signatureOfAnother].join('.');
    const refused = [
      ['the audience is "others", expected "orders"', tokenWith({ aud: 'others' })],
      [
        `the issuer "https://id.acme.com/" is not trusted; trusted: "${world.issuer}"`,
        tokenWith({ iss: 'https://id.acme.com/' }),
      ],
      [
        'issued 118 s in the future, 60 s are allowed: the clocks differ',
        tokenWith({ iat: world.now + 118, exp: world.now + 900 }),
      ],
      ['signature does not match the key', forged],
      ['not three parts', 'hunter2'],
    ] as const;
    for (const [reason, token] of refused) {
      const { body } = await ask(application, '/orders?q=hunter2', bearer(token));
      const { instance } = JSON.parse(body) as { instance: string };
      expect(lines.splice(0)).toEqual([`invalid-token GET /orders ${instance}: ${reason}`]);
      expect(body).not.toContain(reason);
    }
    Logger.overrideLogger(false);
  });

  it('the guard accepts a valid token, caches it, and passes the mapped user on', async () => {
    const token = tokenWith({ sub: 'ann' });
    for (const cached of [undefined, { subject: 'ann' }, { subject: 'ann' }]) {
      const { status, body } = await ask(application, '/orders', bearer(token));
      expect([status, JSON.parse(body)]).toEqual([
        200,
        { user: { id: 'ann', costCentre: 'CC-1' }, costCentre: 'CC-1' },
      ]);
      const principal = application.get(VerifiedTokenCache).get(`Bearer ${token}`)?.principal;
      if (cached === undefined) expect(principal).toBeUndefined();
      else expect(principal).toMatchObject(cached);
    }
  });

  it('the guard waits for a mapper that loads the user', async () => {
    const { body } = await ask(application, '/orders', bearer(tokenWith({ sub: 'slow' })));
    expect(JSON.parse(body)).toMatchObject({ user: { id: 'slow', costCentre: 'CC-2' } });
  });

  it('the guard waits for a thenable query, and rejects the token if the query finds no user', async () => {
    const { body } = await ask(application, '/orders', bearer(tokenWith({ sub: 'asked' })));
    expect(JSON.parse(body)).toMatchObject({ user: { id: 'asked', costCentre: 'CC-3' } });
    expect((await ask(application, '/orders', bearer(tokenWith({ sub: 'dismissed' })))).status).toBe(401);
  });

  it('the guard rejects a token whose user the mapper does not know, and answers an error of the mapper with 5xx', async () => {
    expect((await ask(application, '/orders', bearer(tokenWith({ sub: 'nobody' })))).status).toBe(401);
    expect((await ask(application, '/orders', bearer(tokenWith({ sub: 'broken' })))).status).toBe(500);
  });

  it('the handler receives the principal', async () => {
    const { body } = await ask(application, '/orders/principal', bearer(tokenWith({ roles: ['clerk'], amr: ['pwd'] })));
    expect(JSON.parse(body)).toMatchObject({
      issuer: world.issuer,
      audience: ['orders'],
      scopes: ['orders:read'],
      roles: ['clerk'],
      amr: ['pwd'],
      keyId: 'es-1',
      sessionId: '0192b7a0-3333-7000-8000-000000000003',
    });
  });

  it('the principal is mapped once if the guard is applied twice', async () => {
    expect((await ask(application, '/twice', bearer(tokenWith({ sub: 'ann' })))).status).toBe(200);
    expect(mapper.calls).toBe(1);
  });

  it('the scheme is read in any case, and no other scheme is accepted', async () => {
    const token = tokenWith();
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      expect((await ask(application, '/orders', { authorization: `${scheme} ${token}` })).status).toBe(200);
    }
    for (const value of [
      `JWT ${token}`,
      `Basic ${token}`,
      token,
      `Bearer${token}`,
      `Bearer:${token}`,
      'Bearer',
      `DPoP ${token}`,
    ]) {
      expect([value, (await ask(application, '/orders', { authorization: value })).status]).toEqual([value, 401]);
    }
  });

  it('a token in the query, a cookie or another header is ignored', async () => {
    const token = tokenWith();
    expect((await ask(application, `/orders?access_token=${token}`)).status).toBe(401);
    expect((await ask(application, '/orders', { cookie: `access_token=${token}` })).status).toBe(401);
    expect(
      (await ask(application, '/orders', { 'x-access-token': token, 'proxy-authorization': `Bearer ${token}` })).status,
    ).toBe(401);
  });

  it('two Authorization headers are rejected, even with two valid tokens', async () => {
    const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const header = `Authorization: Bearer ${tokenWith()}\r\n`;
    socket.end(`GET /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}${header}\r\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 40[01] /);
  });

  it.each([null, 0, 40])(
    'a request whose second Authorization header Node may have dropped is rejected (maxHeadersCount %p)',
    async (maxHeadersCount) => {
      const server = application.getHttpServer() as Server;
      const before = server.maxHeadersCount;
      server.maxHeadersCount = maxHeadersCount;
      const lines = (count: number) => Array.from({ length: count }, () => ['a', '']).flat();
      const authorization = (subject: string) => ['authorization', `Bearer ${tokenWith({ sub: subject })}`];
      const request = (...headers: string[]) =>
        ask(application, '/orders', ['host', 'a', 'connection', 'close', ...headers]);
      const twice = await request(...authorization('ada'), ...lines(2_100), ...authorization('ann'));
      const single = await request(...authorization('ada'), ...lines(20));
      server.maxHeadersCount = before;
      expect([twice.status, single.status]).toEqual([401, 200]);
    },
  );

  it.each([
    '/orders',
    '/orders/',
    '//orders',
    '/orders%2f',
    '/%6frders',
    '/orders;x',
    '/ORDERS',
    '/orders?x',
    '/./orders',
    '/orders/a/%2e%2e',
    '/orders/a/1',
  ])('%s is guarded as HEAD and as GET, however it is spelt', async (path) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
      const { status } = await ask(application, path, {}, method);
      expect([method, status >= 400]).toEqual([method, true]);
    }
  });

  describe('a cached token', () => {
    const dies = async (token: string, death: () => unknown): Promise<void> => {
      for (const _ of [1, 2]) expect((await ask(application, '/orders', bearer(token))).status).toBe(200);
      const verifier = application.get(AccessTokenVerifier);
      const cached = () => application.get(VerifiedTokenCache).get(`Bearer ${token}`);
      expect(cached()).toBeDefined();
      await death();
      const { status, headers } = await ask(application, '/orders', bearer(token));
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
      expect(cached()).toBeUndefined();
      await expect(verifier.verify(token)).rejects.toBeInstanceOf(InvalidTokenError);
    };
    const revoke = (notice: Parameters<RevocationPublisher['publish']>[0]) => () =>
      application.get(RevocationPublisher).publish(notice);

    afterEach(() => application.get(RevocationSet).clear());

    it('a cached token expires at its exact second', async () => {
      const token = tokenWith({ exp: START + 60 });
      await dies(token, () => (time.now = START + 65));
    });

    it('a cached token is rejected when the clock goes back to before it was issued', async () => {
      await dies(tokenWith({ iat: START }), () => (time.now = START - 61));
    });

    it('a cached token is rejected when its session is revoked', () =>
      dies(tokenWith({ sid: 's1' }), revoke({ kind: 'session', target: 's1', reason: 'logout' })));

    it('a cached token that was issued before the revocation of its subject is rejected', () =>
      dies(
        tokenWith({ sub: 'u1', iat: START - 1 }),
        revoke({ kind: 'subject', target: 'u1', before: START, reason: 'disabled' }),
      ));

    it('a cached token is rejected when its client is revoked', () =>
      dies(tokenWith({ client_id: 'c1' }), revoke({ kind: 'client', target: 'c1', reason: 'removed' })));

    it('a cached token is rejected when its own id is revoked', () =>
      dies(tokenWith({ jti: 't1' }), revoke({ kind: 'token', target: 't1', reason: 'revoked' })));

    it('a cached token is rejected when its key is revoked', () =>
      dies(tokenWith({}), revoke({ kind: 'key', target: 'es-1', reason: 'killed' })));

    it('a cached token survives the revocation of another session, an older subject or another key', async () => {
      const token = tokenWith({ sid: 's2', sub: 'u2' });
      await revoke({ kind: 'session', target: 's3', reason: 'logout' })();
      await revoke({ kind: 'subject', target: 'u2', before: START - 11, reason: 'disabled' })();
      await revoke({ kind: 'key', target: 'rs-1', reason: 'killed' })();
      expect((await ask(application, '/orders', bearer(token))).status).toBe(200);
      const byOther = compact({ ...goodHeader(world), alg: 'RS256', kid: 'rs-1' }, goodClaims(world), byRs(world.rs));
      expect((await ask(application, '/orders', bearer(byOther))).status).toBe(401);
    });
  });

  it('two applications in one process are independent', async () => {
    const other = await start({ ...settings, audience: 'billing' });
    expect((await ask(application, '/orders', bearer(tokenWith({ jti: 'apart' })))).status).toBe(200);
    expect((await ask(other, '/orders', bearer(tokenWith({ jti: 'apart' })))).status).toBe(401);
    expect((await ask(other, '/orders', bearer(tokenWith({ aud: 'billing' })))).status).toBe(200);
    expect((await ask(application, '/orders', bearer(tokenWith({ aud: 'billing' })))).status).toBe(401);
    await other.close();
  });

  it('a handler cannot change the principal of the next request', async () => {
    const token = tokenWith({
      aud: ['orders'],
      roles: ['clerk'],
      scope: 'a b',
      address: { lines: [{ street: 'Am Tor' }] },
    });
    const principal = await application.get(AccessTokenVerifier).verify(token);
    const { audience, scopes, roles, amr, claims } = principal;
    const { lines } = claims['address'] as { lines: object[] };
    const parts = [principal, audience, scopes, roles, amr, claims, claims['address'], claims['aud'], lines, lines[0]];
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
  });

  it('AuthModule accepts settings from a factory', async () => {
    const { clock, ...plain } = settings;
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRootAsync({ useFactory: () => plain, clock })],
    }).compile();
    const application_ = await testing.createNestApplication(adapters[adapter](), { logger: false }).init();
    await expect(application_.get(AccessTokenVerifier).verify(tokenWith())).resolves.toMatchObject({ keyId: 'es-1' });
    await application_.close();
  });
});
