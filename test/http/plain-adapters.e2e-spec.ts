import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { Body, ConsoleLogger, Controller, Get, Header, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import express from 'express';
import { createHttpAdapter, hardenHttp, PosternModule } from 'postern';
import { Public } from 'postern/auth';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';

const account = { email: 'ada@example.com', password: 'seven small boats at noon' };

/** Routes of the application, with their own bodies and answers. */
@Public()
@Controller('shop')
class ShopController {
  @Get('page')
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return '<script>start()</script>';
  }

  @Get('prices')
  prices(): object {
    return { prices: [] };
  }

  @Post('contact')
  @HttpCode(200)
  contact(@Body() form: Record<string, unknown>): object {
    return { ...form };
  }
}

class Warnings extends ConsoleLogger {
  readonly lines: string[] = [];
  override warn(message: unknown): void {
    this.lines.push(String(message));
  }
  override log = (): void => undefined;
}

const apiHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

const makers = {
  express: (module: object, logger: ConsoleLogger) =>
    NestFactory.create(module as typeof ShopController, { logger, abortOnError: false }),
  fastify: (module: object, logger: ConsoleLogger) =>
    NestFactory.create<NestFastifyApplication>(module as typeof ShopController, new FastifyAdapter(), {
      logger,
      abortOnError: false,
    }),
};

describe.each(['express', 'fastify'] as const)('an application with the plain adapter of Nest for %s', (kind) => {
  let database: TestDatabase;
  let app: INestApplication;
  let url: string;
  const logger = new Warnings();
  const started = async (log: Warnings, prepare?: (nest: INestApplication) => unknown): Promise<INestApplication> => {
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
        }),
      ],
      controllers: [ShopController],
    })
    class AppModule {}
    const nest = await makers[kind](AppModule, log);
    await prepare?.(nest);
    await nest.listen(0, '127.0.0.1');
    return nest;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await started(logger);
    url = await app.getUrl();
    await send('POST', '/auth/register', json(account));
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const json = (body: unknown): RequestInit => ({
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const send = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, { method, ...init });
    const text = await response.text();
    const body = (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : { text }) as Record<
      string,
      unknown
    >;
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
  const bearer = async (): Promise<RequestInit> => {
    const { body } = await send('POST', '/auth/login', json(account));
    return { headers: { authorization: `Bearer ${String(body['access_token'])}` } };
  };

  it('every answer of the API, including rejections, has the security headers and a request id', async () => {
    for (const [method, path, init] of [
      ['GET', '/users/me', {}],
      ['GET', '/users/me', await bearer()],
      ['POST', '/auth/login', json(account)],
      ['POST', '/auth/login', json('{"broken')],
      ['GET', '/nowhere', {}],
      ['GET', '/shop/prices', {}],
    ] as const) {
      const { headers } = await send(method, path, init);
      expect(headers).toMatchObject(apiHeaders);
      expect(headers['x-request-id']).toMatch(/^[\w-]{36}$/);
      expect(headers).not.toHaveProperty('x-powered-by');
    }
    expect((await send('GET', '/users/me', await bearer())).headers['cache-control']).toBe('no-store');
    expect((await send('GET', '/.well-known/jwks.json')).headers['cache-control']).toMatch(/max-age/);
  });

  it('a user is logged out by a request with a JSON content type and no body', async () => {
    const { authorization } = (await bearer()).headers as Record<string, string>;
    const headers = { authorization: authorization!, 'content-type': 'application/json' };
    expect((await send('POST', '/auth/logout', { headers })).status).toBe(204);
  });

  it('a form or a text body does not log in, and no other route of Postern accepts it', async () => {
    const form = new URLSearchParams(account);
    expect(await send('POST', '/auth/login', { body: form })).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
      headers: apiHeaders,
    });
    const { headers } = await bearer();
    expect((await send('PATCH', '/users/me', { headers: headers!, body: form })).status).toBe(415);
    expect((await send('POST', '/auth/login', { body: JSON.stringify(account) })).status).toBe(415);
  });

  it.each(['/USERS/ME', '/users/me/', '/USERS/ME/', '//users/me', '/users//me', '/users/%6de', '/users/ME'])(
    '%s does not reach the route of the signed-in user',
    async (path) => {
      const { status, body } = await send('GET', path, await bearer());
      expect([400, 403, 404]).toContain(status);
      expect(body).not.toHaveProperty('email');
    },
  );

  it('rejects a log-in with as many header lines as Node reads, for Node drops a second Content-Type behind them', async () => {
    const body = JSON.stringify(account);
    const lines = ['Host: a', 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.end(
      [
        'POST /auth/login HTTP/1.1',
        ...lines,
        ...Array<string>(1000).fill('a:'),
        'Content-Type: text/plain',
        '',
        body,
      ].join('\r\n'),
    );
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('JSON is read strictly', async () => {
    const latin = Buffer.from(`{"email":"ada@example.com","password":"\xe9"}`, 'latin1');
    for (const body of [latin, '{"email":"a@example.com","__proto__":{}}', '{"email":']) {
      expect(await send('POST', '/auth/login', json(body))).toMatchObject({
        status: 400,
        body: { code: 'malformed-request' },
      });
    }
  });

  it('the routes of the application keep their forms, their pages, and their spelling', async () => {
    const form = new URLSearchParams({ name: 'Ada' });
    expect(await send('POST', '/shop/contact', { body: form })).toMatchObject({ status: 200, body: { name: 'Ada' } });
    const page = await send('GET', '/shop/page');
    expect([page.status, page.body]).toEqual([200, { text: '<script>start()</script>' }]);
    expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(page.headers).not.toHaveProperty('content-security-policy');
    expect(page.headers).not.toHaveProperty('cache-control');
    const elsewhere = await send('GET', '/SHOP/Prices/');
    expect(elsewhere.status).toBe(kind === 'express' ? 200 : 404);
  });

  it('the start logs one warning that says what to write, unless it is written or hardenHttp is called', async () => {
    const lines = (log: Warnings) => log.lines.filter((line) => /HTTP adapter/.test(line));
    expect(lines(logger)).toEqual([
      'The HTTP adapter is not from createHttpAdapter: the routes of the application have no time-outs, limits and strict addresses. ' +
        `Write in main.ts: NestFactory.create(AppModule, await createHttpAdapter('${kind}'))`,
    ]);
    const hardened = new Warnings();
    const other = await started(hardened, (nest) => hardenHttp(nest));
    const token = await bearer();
    const at = await other.getUrl();
    expect((await fetch(`${at}/users/me`, token)).status).toBe(200);
    expect((await fetch(`${at}/users/me/`, token)).status).toBe(404);
    expect((await fetch(`${at}/USERS/me`, token)).status).toBe(404);
    await other.close();
    expect(lines(hardened)).toEqual([]);
  });
});

describe('an application with an adapter of createHttpAdapter', () => {
  it('an application with createHttpAdapter starts without the warning', async () => {
    const database = await createTestDatabase();
    const logger = new Warnings();
    const settings = { issuer: 'https://id.example.test', secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' };
    const module = PosternModule.forRoot({ ...settings, databaseUrl: database.url });
    const app = await NestFactory.create(module, await createHttpAdapter('express'), { logger });
    await app.init();
    await app.close();
    await database.drop();
    expect(logger.lines.filter((line) => /HTTP adapter/.test(line))).toEqual([]);
  });

  it('is protected on each server that it opens for the Express of the adapter', async () => {
    @Module({ controllers: [ShopController] })
    class ShopModule {}
    const adapter = await createHttpAdapter('express');
    const app = await NestFactory.create(ShopModule, adapter, { logger: false });
    await app.init();
    const server = createServer(adapter.getInstance<express.Express>()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop/prices`;
    const [answer, misspelt] = [await fetch(url), await fetch(url.replace('prices', '%70rices'))];
    await app.close();
    server.close();
    expect([answer.status, Object.fromEntries(answer.headers)]).toMatchObject([200, apiHeaders]);
    expect(misspelt.status).toBe(400);
  });
});

describe('an application of a testing module', () => {
  it.each(['express', 'fastify'] as const)(
    'an application of a testing module is protected like one of NestFactory, on %s',
    async (kind) => {
      const database = await createTestDatabase();
      const settings = { issuer: 'https://id.example.test', secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' };
      const module = await Test.createTestingModule({
        imports: [PosternModule.forRoot({ ...settings, databaseUrl: database.url })],
      }).compile();
      const app =
        kind === 'express' ? module.createNestApplication() : module.createNestApplication(new FastifyAdapter());
      await app.listen(0, '127.0.0.1');
      const url = `${await app.getUrl()}/auth/login`;
      const headers = { 'content-type': 'application/json' };
      const answers = [
        await fetch(url, { method: 'POST', headers, body: '{"email":"ada@example.com","__proto__":{}}' }),
        await fetch(url, { method: 'POST', body: new URLSearchParams(account) }),
      ];
      await app.close();
      await database.drop();
      expect(answers.map(({ status }) => status)).toEqual([400, 415]);
      for (const answer of answers) expect(Object.fromEntries(answer.headers)).toMatchObject(apiHeaders);
    },
  );
});

describe('an Express of the application that is served by servers of the application', () => {
  const settings = { issuer: 'https://id.example.test', secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' };
  let database: TestDatabase;
  let server: Server;

  const open = async (
    instance: express.Express,
    handler: express.Express,
    prepare?: (app: INestApplication) => unknown,
  ) => {
    const module = PosternModule.forRoot({ ...settings, databaseUrl: database.url });
    const app = await NestFactory.create(module, new ExpressAdapter(instance), { logger: false });
    await prepare?.(app);
    await app.init();
    server = createServer(handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  it.each([
    ['has the security headers on each of them', undefined],
    ['is protected by hardenHttp on each of them', (app: INestApplication) => hardenHttp(app)],
  ])('%s', async (_, prepare) => {
    const instance = express();
    const { app, url } = await open(instance, instance, prepare);
    const answer = await fetch(`${url}/users/me`);
    await app.close();
    server.close();
    expect([answer.status, Object.fromEntries(answer.headers)]).toMatchObject([401, apiHeaders]);
  });

  it('has the security headers below another Express', async () => {
    const [outer, inner] = [express(), express()];
    outer.use('/identity', inner);
    const { app, url } = await open(inner, outer);
    const answer = await fetch(`${url}/identity/users/me`);
    await app.close();
    server.close();
    expect([answer.status, Object.fromEntries(answer.headers)]).toMatchObject([401, apiHeaders]);
  });
});
