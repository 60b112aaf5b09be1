import { applyDecorators, Controller, Get, Injectable, Logger, Scope, UseGuards } from '@nestjs/common';
import type { ExecutionContext, INestApplication, Type, WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { once } from 'node:events';
import { request as send } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { firstValueFrom, isObservable } from 'rxjs';
import {
  AccessTokenVerifier,
  AuthModule,
  Clock,
  CurrentPrincipal,
  CurrentUser,
  InvalidTokenError,
  isGuarded,
  isPublic,
  JwtAuthGuard,
  PrincipalMapper,
  Public,
  RequireScopes,
  RevocationPublisher,
  RevocationSet,
  scopesOf,
  UnsupportedContextError,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { testPrincipal } from 'postern/testing/auth';
import { byEs, byRs, compact, goodClaims, goodHeader, makeWorld } from './hostile-tokens/index.js';
import { VerifiedTokenCache } from '../../libs/auth/src/tokens/verified-token-cache.js';

const START = Math.floor(Date.UTC(2030, 5, 1) / 1000);
const world = makeWorld('http://127.0.0.1:9', START);
let now = START;

class HandSetClock extends Clock {
  override now(): number {
    return now * 1000;
  }
}

let mapped = 0;

interface Employee {
  readonly id: string;
  readonly costCentre: string;
}

/** A lazy thenable like the queries of Prisma and Knex. */
const queryOf = (found: Employee | undefined): PromiseLike<Employee | undefined> => ({
  // oxlint-disable-next-line unicorn/no-thenable -- such a thing is what the guard has to wait for
  then: (resolve, reject) => Promise.resolve(found).then(resolve, reject),
});

@Injectable()
class EmployeeMapper extends PrincipalMapper<Employee> {
  override map({ subject }: Principal): Employee | undefined | PromiseLike<Employee | undefined> {
    mapped += 1;
    if (subject === 'asked') return queryOf({ id: subject, costCentre: 'CC-3' });
    if (subject === 'dismissed') return queryOf(undefined);
    if (subject === 'nobody') return undefined;
    if (subject === 'slow') return Promise.resolve({ id: subject, costCentre: 'CC-2' });
    if (subject === 'broken') throw new Error('the directory is down');
    return { id: subject, costCentre: 'CC-1' };
  }
}

@Controller('orders')
class OrdersController {
  @Get()
  all(@CurrentUser<Employee>() user: Employee, @CurrentUser<Employee>('costCentre') costCentre: string): unknown {
    return { user, costCentre };
  }

  @Get('principal')
  principal(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }

  @Public()
  @Get('prices')
  prices(@CurrentUser() user: unknown): unknown {
    return { user: user ?? null };
  }

  @RequireScopes('orders:write', 'orders:admin')
  @Get('audit')
  audit(): string {
    return 'audit';
  }

  @Get('a/:id')
  one(): string {
    return 'one';
  }
}

@Public()
@Controller('open')
class OpenController {
  @Get()
  open(): string {
    return 'open';
  }

  @RequireScopes('orders:read')
  @Get('shut')
  shut(): string {
    return 'shut';
  }
}

@RequireScopes('orders:read')
@UseGuards(JwtAuthGuard)
@Controller('twice')
class TwiceController {
  @Get()
  once(): string {
    return 'once';
  }

  @RequireScopes('orders:write')
  @Get('both')
  both(): string {
    return 'both';
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }
}

const settings = {
  issuer: world.issuer,
  audience: world.audience,
  staticKeys: [world.es, world.rs].map(({ kid, publicKey }) => ({
    kid,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })),
  clock: HandSetClock,
};

const tokenWith = (more: object = {}): string =>
  compact(goodHeader(world), { ...goodClaims(world), ...more }, byEs(world.es));

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function ask(
  application: INestApplication,
  path: string,
  headers: Record<string, string> | string[] = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
  const outgoing = send({ host: '127.0.0.1', port, path, method, headers });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return { status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

const handler = (controller: Type<object>, name: string): (() => unknown) =>
  (controller.prototype as Record<string, () => unknown>)[name]!;

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('the guard on %s', (adapter) => {
  let application: INestApplication;

  const start = async (
    extra: Parameters<typeof AuthModule.forRoot>[0],
    controllers: Type[] = [OrdersController, OpenController, TwiceController],
    prepare: (application: INestApplication) => unknown = () => undefined,
  ): Promise<INestApplication> => {
    const testing = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot(extra)],
      controllers,
    }).compile();
    const started = testing.createNestApplication(adapters[adapter](), { logger: false });
    prepare(started);
    await started.listen(0, '127.0.0.1');
    return started;
  };

  beforeAll(async () => {
    application = await start({ ...settings, mapper: EmployeeMapper });
  });
  beforeEach(() => {
    now = START;
    mapped = 0;
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

  it('a public route accepts requests without a token and with a bad one', async () => {
    for (const path of ['/orders/prices', '/open', '/twice/open']) {
      expect((await ask(application, path)).status).toBe(200);
      expect((await ask(application, path, bearer('bad'))).status).toBe(200);
    }
  });

  it('a method with scopes stays closed in a public controller', async () => {
    expect((await ask(application, '/open/shut')).status).toBe(401);
    expect((await ask(application, '/open/shut', bearer(tokenWith()))).status).toBe(200);
  });

  it('a method with its own guard stays closed in a public controller and beside @Public()', async () => {
    @Public()
    @Controller('ajar')
    class AjarController {
      @UseGuards(JwtAuthGuard)
      @Get('mine')
      mine(@CurrentPrincipal() { subject }: Principal): string {
        return subject;
      }

      @Public()
      @UseGuards(JwtAuthGuard)
      @Get('both')
      both(): string {
        return 'both';
      }

      @Get()
      open(): string {
        return 'open';
      }
    }
    for (const global of [true, false]) {
      const local = await start({ ...settings, global }, [AjarController]);
      expect((await ask(local, '/ajar')).status).toBe(200);
      expect((await ask(local, '/ajar/mine')).status).toBe(401);
      expect((await ask(local, '/ajar/both')).status).toBe(401);
      expect(await ask(local, '/ajar/mine', bearer(tokenWith({ sub: 'ann' })))).toMatchObject({
        status: 200,
        body: 'ann',
      });
      await local.close();
    }
    const { value: mine } = Object.getOwnPropertyDescriptor(AjarController.prototype, 'mine') as {
      value: () => string;
    };
    expect(isGuarded(mine, AjarController)).toBe(true);
  });

  it('the scopes of method and controller are all required, and the rejection names them all', async () => {
    const { status, headers, body } = await ask(
      application,
      '/orders/audit',
      bearer(tokenWith({ scope: 'orders:write' })),
    );
    expect([status, JSON.parse(body)]).toMatchObject([403, { code: 'insufficient-scope' }]);
    expect(headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="orders:write orders:admin"');
    const both = bearer(tokenWith({ scope: 'orders:write orders:read' }));
    expect((await ask(application, '/twice/both', bearer(tokenWith({ scope: 'orders:write' })))).status).toBe(403);
    expect((await ask(application, '/twice/both', bearer(tokenWith({ scope: 'orders:read' })))).status).toBe(403);
    expect((await ask(application, '/twice/both', both)).status).toBe(200);
  });

  it('the principal is mapped once if the guard is applied twice', async () => {
    expect((await ask(application, '/twice', bearer(tokenWith({ sub: 'ann' })))).status).toBe(200);
    expect(mapped).toBe(1);
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
      await dies(token, () => (now = START + 65));
    });

    it('a cached token is rejected when the clock goes back to before it was issued', async () => {
      await dies(tokenWith({ iat: START }), () => (now = START - 61));
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

  it('a guard that is not global protects only the routes that use it', async () => {
    @Controller('orders')
    class UnguardedController {
      @Public()
      @Get('prices')
      prices(): string {
        return 'prices';
      }

      @Get('a/:id')
      one(): string {
        return 'one';
      }
    }
    const local = await start({ ...settings, global: false }, [UnguardedController, TwiceController]);
    expect((await ask(local, '/orders/prices')).status).toBe(200);
    expect((await ask(local, '/orders/a/1')).status).toBe(200);
    expect((await ask(local, '/twice')).status).toBe(401);
    expect((await ask(local, '/twice', bearer(tokenWith()))).status).toBe(200);
    await local.close();
  });

  it('the scopes of every decorator of a route or a controller are required', async () => {
    const Audited = (): MethodDecorator & ClassDecorator => applyDecorators(RequireScopes('orders:audit'));
    class StackedController {
      @Audited()
      @RequireScopes('orders:read')
      @Get('above')
      above(): string {
        return 'above';
      }

      @RequireScopes('orders:read')
      @Audited()
      @Get('below')
      below(): string {
        return 'below';
      }
    }
    @Audited()
    @RequireScopes('orders:read')
    @Controller('audited')
    class AuditedController {
      @Get()
      all(): string {
        return 'all';
      }
    }
    Controller('stacked')(StackedController);
    const local = await start(settings, [StackedController, AuditedController]);
    for (const path of ['/stacked/above', '/stacked/below', '/audited']) {
      const statuses = await Promise.all(
        ['orders:read', 'orders:audit', 'orders:read orders:audit'].map(
          async (scope) => (await ask(local, path, bearer(tokenWith({ scope })))).status,
        ),
      );
      expect([path, ...statuses]).toEqual([path, 403, 403, 200]);
    }
    await local.close();
  });

  it('the scopes of each base class of a controller are required and appear in the API document', async () => {
    @RequireScopes('orders:read')
    class ReadingController {
      @Get()
      all(): string {
        return 'all';
      }
    }
    class NamelessController extends ReadingController {}
    @RequireScopes('orders:audit')
    @Controller('extended')
    class AuditingController extends NamelessController {}
    @Public()
    @Controller('opened')
    class OpenedController extends ReadingController {}
    const local = await start(settings, [AuditingController, OpenedController]);
    const statuses = await Promise.all(
      ['orders:read', 'orders:audit', 'orders:read orders:audit'].map(
        async (scope) => (await ask(local, '/extended', bearer(tokenWith({ scope })))).status,
      ),
    );
    expect(statuses).toEqual([403, 403, 200]);
    expect((await ask(local, '/opened')).status).toBe(401);
    const all = handler(AuditingController, 'all');
    expect(scopesOf(all, AuditingController)).toEqual(['orders:read', 'orders:audit']);
    expect(scopesOf(all, ReadingController)).toEqual(['orders:read']);
    await local.close();
  });

  it('a route with scopes and without a guard stops the start', async () => {
    @RequireScopes('orders:read')
    @Controller('late')
    class LateController {
      @Get()
      late(): string {
        return 'late';
      }
    }
    const local = { ...settings, global: false };
    await expect(start(local)).rejects.toThrow(
      /^AuthModule: OrdersController\.audit, OpenController\.shut has @RequireScopes .* Put @UseGuards/,
    );
    await expect(start(local, [LateController, TwiceController])).rejects.toThrow(
      /LateController\.late has @RequireScopes/,
    );
  });

  it('a function that replaces a method with scopes, a guard or a status stops the start', async () => {
    class PropertyController extends OrdersController {
      override audit = (): string => 'anybody';
    }
    Controller('property')(PropertyController);
    @Controller('bound')
    class BoundController {
      constructor() {
        this.late = this.late.bind(this);
        this.plain = this.plain.bind(this);
      }

      @UseGuards(JwtAuthGuard)
      @Get('late')
      late(): string {
        return 'late';
      }

      @Get('plain')
      plain(): string {
        return 'plain';
      }
    }
    await expect(start(settings, [PropertyController])).rejects.toThrow(
      /^AuthModule: PropertyController\.audit is assigned .* Declare it as a method/,
    );
    await expect(start({ ...settings, global: false }, [BoundController])).rejects.toThrow(
      /BoundController\.late is assigned as a property or bound/,
    );
  });

  it('a function that replaces a method is rejected at run time if the object is request-scoped', async () => {
    abstract class AuditController {
      @RequireScopes('orders:admin')
      @Get('audit')
      audit(): string {
        return 'audit';
      }
    }
    @Controller({ path: 'property', scope: Scope.REQUEST })
    class PropertyController extends AuditController {
      override audit = (): string => 'anybody';
    }
    const local = await start(settings, [PropertyController]);
    expect((await ask(local, '/property/audit', bearer(tokenWith()))).status).toBe(500);
    expect((await ask(local, '/property/audit')).status).toBe(500);
    await local.close();
  });

  it('the guard also runs if it or its dependencies would be request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class HastyMapper extends EmployeeMapper {}
    @Injectable({ scope: Scope.REQUEST })
    class HastyGuard extends JwtAuthGuard {}
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), HastyGuard);
    await expect(start({ ...settings, mapper: HastyMapper })).rejects.toThrow(
      /APP_GUARD .* depends on a request-scoped/,
    );
    await expect(start({ ...settings, guard: HastyGuard })).rejects.toThrow(/APP_GUARD .* depends on a request-scoped/);
  });

  it('a subclass of the guard protects only the routes that use it, or all if it is global', async () => {
    @Injectable()
    class HouseGuard extends JwtAuthGuard {}
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), HouseGuard);

    @Controller('late')
    class LateController {
      @UseGuards(HouseGuard)
      @RequireScopes('orders:write')
      @Get()
      late(): string {
        return 'late';
      }
    }
    const local = { ...settings, global: false };
    const byMethod = await start(local, [LateController]);
    const byAll = await start(local, [OrdersController], (made) => made.useGlobalGuards(made.get(JwtAuthGuard)));
    for (const [running, path] of [[byMethod, '/late'] as const, [byAll, '/orders/audit'] as const]) {
      expect((await ask(running, path)).status).toBe(401);
      expect((await ask(running, path, bearer(tokenWith()))).status).toBe(403);
      const scope = 'orders:write orders:admin';
      expect((await ask(running, path, bearer(tokenWith({ scope })))).status).toBe(200);
      await running.close();
    }
  });

  it("an override in a team's test replaces the guard, and a second guard beside it does not", async () => {
    const principal = testPrincipal({ subject: 'ada' });
    const standIn = {
      canActivate(context: ExecutionContext): boolean {
        Object.assign(context.switchToHttp().getRequest<object>(), { principal, user: principal });
        return true;
      },
    };
    @Controller('desks')
    class DesksController {
      @RequireScopes('desks:read')
      @Get()
      mine(@CurrentPrincipal() { subject }: Principal, @CurrentUser('subject') user: string): string[] {
        return [subject, user];
      }
    }
    const build = () =>
      Test.createTestingModule({ imports: [AuthModule.forRoot(settings)], controllers: [DesksController] });
    for (const [testing, status, body] of [
      [build().overrideProvider(JwtAuthGuard).useValue(standIn), 200, ['ada', 'ada']],
      [build().overrideGuard(JwtAuthGuard).useValue(standIn), 401, { code: 'invalid-token' }],
    ] as const) {
      const local = (await testing.compile()).createNestApplication();
      await local.listen(0, '127.0.0.1');
      const answer = await fetch(`${await local.getUrl()}/desks`);
      await local.close();
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject(body);
    }
  });

  it('AuthModule must be imported only once', async () => {
    const both = [
      AuthModule.forRoot(settings),
      AuthModule.forRoot({ ...settings, audience: 'billing', global: false }),
    ];
    await expect(Test.createTestingModule({ imports: both }).compile()).rejects.toThrow(
      /^AuthModule: import it once .* "issuers"/,
    );
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

describe('the guard in other contexts', () => {
  class PatternsController {
    all(): string {
      return 'all';
    }

    open(): string {
      return 'open';
    }
  }
  for (const name of ['all', 'open']) {
    const descriptor = Object.getOwnPropertyDescriptor(PatternsController.prototype, name)!;
    MessagePattern(name)(PatternsController.prototype, name, descriptor);
    if (name === 'open') Public()(PatternsController.prototype, name, descriptor);
  }
  Controller()(PatternsController);

  const freePort = async (): Promise<number> => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    return port;
  };

  const guardOf = async (guard?: typeof JwtAuthGuard): Promise<JwtAuthGuard> => {
    const testing = await Test.createTestingModule({ imports: [AuthModule.forRoot({ ...settings, guard })] }).compile();
    return testing.get(JwtAuthGuard);
  };
  const contextOf = (type: string, ...args: unknown[]): ExecutionContextHost => {
    const context = new ExecutionContextHost(args, OrdersController, handler(OrdersController, 'all'));
    context.setType(type);
    return context;
  };

  beforeEach(() => {
    now = START;
  });

  it('a microservice is closed, even if the message carries a token', async () => {
    const port = await freePort();
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot(settings)],
      controllers: [PatternsController],
    }).compile();
    const service = testing.createNestMicroservice({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
      logger: false,
    });
    await service.listen();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const message = { headers: { authorization: `Bearer ${tokenWith()}` } };
    await expect(firstValueFrom(client.send('open', message))).resolves.toBe('open');
    const answer: unknown = await firstValueFrom(client.send('all', message)).catch((error: unknown) => error);
    expect(answer).toMatchObject({ code: 'guard-context-unsupported' });
    expect(answer).not.toHaveProperty('detail');
    await client.close();
    await service.close();
  });

  it('a hybrid application fails to start if the global guard may not apply to its message handlers', async () => {
    const hybrid = async (controller: Type, port = 0): Promise<INestApplication> => {
      const testing = await Test.createTestingModule({
        imports: [AuthModule.forRoot(settings)],
        controllers: [controller],
      }).compile();
      const made = testing.createNestApplication(new FastifyAdapter(), { logger: false });
      made.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
      await made.init();
      return made;
    };
    await expect(hybrid(PatternsController)).rejects.toThrow(
      /^AuthModule: the global guard may not apply to PatternsController\.all\. .* @UseGuards\(JwtAuthGuard\).* @Public\(\)/,
    );

    class OtherwiseGuardedController extends PatternsController {}
    UseGuards({ canActivate: () => true })(OtherwiseGuardedController);
    Controller()(OtherwiseGuardedController);
    await expect(hybrid(OtherwiseGuardedController)).rejects.toThrow('may not apply to OtherwiseGuardedController.all');

    class GuardedController extends PatternsController {}
    UseGuards(JwtAuthGuard)(GuardedController);
    Controller()(GuardedController);
    const port = await freePort();
    const guarded = await hybrid(GuardedController, port);
    await guarded.startAllMicroservices();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    await expect(firstValueFrom(client.send('open', {}))).resolves.toBe('open');
    await expect(firstValueFrom(client.send('all', {}))).rejects.toMatchObject({ status: 'error' });
    await client.close();
    await guarded.close();
  });

  /** Reads the token of each message. */
  @Injectable()
  class MessageGuard extends JwtAuthGuard {
    protected override getRequest(context: ExecutionContextHost) {
      const isSocket = context.getType() === 'ws';
      const data = isSocket ? context.switchToWs().getData<unknown>() : context.switchToRpc().getData<unknown>();
      const { token } = Object(data) as { token?: string };
      return { headers: { authorization: token && `Bearer ${token}` } };
    }
  }
  Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), MessageGuard);

  it('the handler of an RPC message receives principal and user', async () => {
    @Controller()
    class WhoController {
      @MessagePattern('who')
      who(@CurrentPrincipal() principal: Principal, @CurrentUser<Employee>('costCentre') costCentre: string): unknown {
        return [principal.subject, costCentre];
      }
    }
    const port = await freePort();
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...settings, guard: MessageGuard, mapper: EmployeeMapper })],
      controllers: [WhoController],
    }).compile();
    const options = { host: '127.0.0.1', port };
    const service = testing.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    await service.listen();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    const who = (token?: string): Promise<unknown> => firstValueFrom(client.send('who', { token }));
    await expect(Promise.all(['ann', 'slow'].map((sub) => who(tokenWith({ sub }))))).resolves.toEqual([
      ['ann', 'CC-1'],
      ['slow', 'CC-2'],
    ]);
    await expect(who()).rejects.toMatchObject({ code: 'invalid-token' });
    await client.close();
    await service.close();
  });

  describe('the guard on a socket', () => {
    type Callback = WsMessageHandler['callback'];

    /** A socket server with one client. */
    class OneSocket implements WebSocketAdapter {
      readonly client = {};
      readonly handlers = new Map<string, Callback>();
      create = () => ({});
      close = () => undefined;
      dispose = () => undefined;
      bindClientConnect = (_server: unknown, connected: (client: object) => void) => connected(this.client);
      bindMessageHandlers = (_client: unknown, handlers: WsMessageHandler[]) => {
        for (const { message, callback } of handlers) this.handlers.set(message, callback);
      };
      say = async (message: string, data: unknown): Promise<unknown> => {
        const failed = new Promise<unknown>((resolve) => {
          Object.assign(this.client, { emit: (_event: string, failure: unknown) => resolve(failure) });
        });
        const told = await Promise.race([this.handlers.get(message)!(data, () => undefined), failed]);
        return isObservable(told) ? firstValueFrom(told) : (told ?? failed);
      };
    }

    @WebSocketGateway()
    class WhoGateway {
      @SubscribeMessage('who')
      who(@CurrentPrincipal() principal: Principal, @CurrentUser<Employee>('costCentre') costCentre: string): unknown {
        return [principal.subject, costCentre];
      }

      @Public()
      @SubscribeMessage('open')
      open(@CurrentPrincipal() principal: unknown, @CurrentUser() user: unknown): unknown {
        return [principal ?? null, user ?? null];
      }
    }

    const start = async (structure: object): Promise<{ socket: OneSocket; application: INestApplication }> => {
      const testing = await Test.createTestingModule({
        imports: [AuthModule.forRoot({ ...settings, mapper: EmployeeMapper, ...structure })],
        providers: [WhoGateway],
      }).compile();
      const socket = new OneSocket();
      const application = testing.createNestApplication(new FastifyAdapter(), { logger: false });
      application.useWebSocketAdapter(socket);
      await application.init();
      return { socket, application };
    };

    it('a socket message has its own principal and user although others arrive at the same time', async () => {
      const { socket, application } = await start({ guard: MessageGuard });
      const said = ['ann', 'slow', 'bob'].map((sub) => socket.say('who', { token: tokenWith({ sub }) }));
      await expect(Promise.all(said)).resolves.toEqual([
        ['ann', 'CC-1'],
        ['slow', 'CC-2'],
        ['bob', 'CC-1'],
      ]);
      await expect(socket.say('open', {})).resolves.toEqual([null, null]);
      await application.close();
    });

    it('the decorator says what to do if no guard has run for a socket message', async () => {
      const errors: string[] = [];
      const { socket, application } = await start({ global: false });
      const ignore = (): void => undefined;
      const error = (line: unknown) => void errors.push(String(line));
      Logger.overrideLogger({ log: ignore, warn: ignore, error });
      await expect(socket.say('who', {})).resolves.toMatchObject({ status: 'error' });
      Logger.overrideLogger(false);
      expect(errors.join()).toMatch(/have no value for WhoGateway\.who: .* "ws" message\. .* subclass .* @Public\(\)/);
      await application.close();
    });
  });

  it.each(['ws', 'rpc', 'graphql'])('the guard throws in the context "%s" and says what to do', async (type) => {
    const guard = await guardOf();
    const carrier = { headers: { authorization: `Bearer ${tokenWith()}` } };
    expect(() => guard.canActivate(contextOf(type, carrier, carrier, { req: carrier }))).toThrow(
      UnsupportedContextError,
    );
    expect(() => guard.canActivate(contextOf(type, carrier))).toThrow(/override getRequest/);
  });

  it('the guard protects GraphQL if a subclass returns the request', async () => {
    class GraphqlGuard extends JwtAuthGuard {
      protected override getRequest(context: ExecutionContextHost) {
        return context.getArgByIndex<{ req: ReturnType<JwtAuthGuard['getRequest']> }>(2).req;
      }
    }
    Injectable()(GraphqlGuard);
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), GraphqlGuard);
    const guard = await guardOf(GraphqlGuard);
    const request: { headers: object; principal?: Principal } = { headers: { authorization: `Bearer ${tokenWith()}` } };
    expect(await guard.canActivate(contextOf('graphql', {}, {}, { req: request }))).toBe(true);
    expect(request.principal).toMatchObject({ keyId: 'es-1' });
    const without = contextOf('graphql', {}, {}, { req: { headers: {} } });
    expect(() => guard.canActivate(without)).toThrow(InvalidTokenError);
    // A subscription keeps its request for hours.
    const kept = contextOf('graphql', {}, {}, { req: request });
    expect(await guard.canActivate(kept)).toBe(true);
    now = START + 86_400;
    await expect((async () => guard.canActivate(kept))()).rejects.toThrow(InvalidTokenError);
  });

  it('the guard decides synchronously if the key is loaded or the token is cached', async () => {
    const guard = await guardOf();
    const headers = { authorization: `Bearer ${tokenWith({ jti: 'fast' })}` };
    const request = (): object => ({ headers });
    for (const _ of [1, 2, 3]) expect(guard.canActivate(contextOf('http', request()))).toBe(true);
  });
});

describe('the rules in an API document', () => {
  it('an API document reads the rules from the guard itself', () => {
    const [prices, all] = [handler(OrdersController, 'prices'), handler(OrdersController, 'all')];
    expect(isPublic(prices, OrdersController)).toBe(true);
    expect(isGuarded(prices, OrdersController)).toBe(false);
    expect(isGuarded(all, OrdersController)).toBe(true);
    expect(isGuarded(all, OrdersController, false)).toBe(false);
    expect(isGuarded(handler(TwiceController, 'once'), TwiceController, false)).toBe(true);
    expect(isGuarded(handler(OpenController, 'shut'), OpenController)).toBe(true);
    expect(scopesOf(handler(OrdersController, 'audit'), OrdersController)).toEqual(['orders:write', 'orders:admin']);
    expect(scopesOf(handler(TwiceController, 'both'), TwiceController)).toEqual(['orders:read', 'orders:write']);
  });
});
