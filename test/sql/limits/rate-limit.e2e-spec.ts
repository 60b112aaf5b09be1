import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { documentOf, PosternModule } from 'postern';
import { Public } from 'postern/auth';
import { PostgresLimitStore, RateLimit } from 'postern/limits';
import type { StoredClaim, StoredState } from 'postern/limits';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';

const PASSWORD = 'seven small boats at noon';

/** A store that the test may switch off, as an outage does. */
let isAway = false;

@Injectable()
class InterruptedStore extends PostgresLimitStore {
  override async take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]> {
    if (isAway) throw new Error('the store is away');
    return super.take(claims);
  }
}

@Controller('reports')
@RateLimit({ points: 20, seconds: 3600, name: 'reports' })
class ReportsController {
  @Get('mine')
  @RateLimit({ points: 3, seconds: 3600, by: 'user' })
  readMine(): object {
    return {};
  }

  @Get('open')
  @Public()
  @RateLimit({ points: 2, seconds: 3600 })
  readOpen(): object {
    return {};
  }

  @Get('shop')
  @Public()
  @RateLimit({
    points: 1,
    seconds: 3600,
    by: (context: ExecutionContext) => context.switchToHttp().getRequest<{ query: { shop?: string } }>().query.shop,
  })
  readShop(): object {
    return {};
  }
}

describe.each(['fastify', 'express'] as const)('@RateLimit on %s', (adapter) => {
  let database: TestDatabase;
  let app: TestApplication;
  let document: ReturnType<typeof documentOf>;
  const tokens: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({ imports: [posternOf(database.url)], controllers: [ReportsController] })
    class ReportsModule {}
    app = await startTestApplication(ReportsModule, {
      adapter,
      http: { trustProxy: 'loopback' },
      prepare: (nest) => void (document = documentOf(nest)),
    });
    for (const email of ['ada@example.com', 'bob@example.com']) {
      await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
      const { body } = await app.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
      tokens.push(String(body['access_token']));
    }
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const get = (path: string, address: string, token?: string) =>
    app.call('GET', path, { ...(token !== undefined && { token }), headers: { 'x-forwarded-for': address } });

  it('counts users beyond their networks, adds the limits of class and method, and sends the state of both', async () => {
    const [ada, bob] = tokens;
    const answers = [];
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      answers.push(await get('/reports/mine', address, ada));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[0]!.headers.get('ratelimit-policy')).toBe('"reports";q=20;w=3600, "reports-read-mine";q=3;w=3600');
    expect(answers[2]!.headers.get('ratelimit')).toMatch(/^"reports";r=19;t=0, "reports-read-mine";r=0;t=1(19\d|200)$/);
    expect(answers[3]!.headers.get('ratelimit-policy')).toBe('"reports-read-mine";q=3;w=3600');
    expect(answers[3]!.headers.get('ratelimit')).toMatch(/^"reports-read-mine";r=0;t=1(19\d|200)$/);
    expect(answers[3]!.headers.get('retry-after')).toMatch(/^1(19\d|200)$/);
    expect(answers[3]!.body).toMatchObject({ code: 'too-many-requests', status: 429 });
    expect((await get('/reports/mine', '192.0.2.1', bob)).status).toBe(200);
    // The guard rejects before the limit counts.
    expect((await get('/reports/mine', '192.0.2.9')).status).toBe(401);
  });

  it('counts networks, the result of a function, and the requests of all routes of a class', async () => {
    const open = async (address: string) => (await get('/reports/open', address)).status;
    expect([await open('192.0.2.10'), await open('192.0.2.10'), await open('192.0.2.10')]).toEqual([200, 200, 429]);
    expect(await open('192.0.2.11')).toBe(200);
    const shop = async (name: string, address: string) => (await get(`/reports/shop?shop=${name}`, address)).status;
    expect([await shop('a', '192.0.2.12'), await shop('a', '192.0.2.13'), await shop('b', '192.0.2.13')]).toEqual([
      200, 429, 200,
    ]);
    const states = await Promise.all(
      Array.from({ length: 25 }, (_, index) => get(`/reports/shop?shop=${index}`, '192.0.2.14')),
    );
    expect(states.filter(({ status }) => status === 200)).toHaveLength(20);
  });

  it('the OpenAPI document describes 429 and its headers on each limited route', () => {
    for (const [path, method] of [
      ['/reports/open', 'get'],
      ['/auth/login', 'post'],
      ['/auth/password/change', 'post'],
      ['/auth/refresh', 'post'],
      ['/auth/register', 'post'],
      ['/auth/first-administrator', 'post'],
      ['/users/me', 'delete'],
    ] as const) {
      const responses = document.paths[path]?.[method]?.responses as Record<string, { headers?: object }> | undefined;
      expect([path, Object.keys(responses?.['429']?.headers ?? {})]).toEqual([
        path,
        ['Retry-After', 'RateLimit-Policy', 'RateLimit'],
      ]);
    }
  });

  it('without its store, a replica counts alone with a quarter of each limit, and answers no 5xx', async () => {
    isAway = true;
    const guess = (address: string) =>
      app.call('POST', '/auth/login', {
        body: { email: 'bob@example.com', password: 'wrong' },
        headers: { 'x-forwarded-for': address },
      });
    const answers = [];
    for (let index = 0; index < 4; index += 1) answers.push((await guess('192.0.2.20')).status);
    expect(answers).toEqual([401, 401, 429, 429]);
    isAway = false;
  });
});

describe('@RateLimit', () => {
  it('stops the start on a handler of messages', async () => {
    class Messages {
      @MessagePattern('reports')
      @RateLimit({ points: 1, seconds: 1 })
      read(): void {}
    }
    Controller()(Messages);
    const database = await createTestDatabase();
    @Module({ imports: [posternOf(database.url)], controllers: [Messages] })
    class MessagesModule {}
    await expect(startTestApplication(MessagesModule)).rejects.toThrow(
      '@RateLimit does not apply to Messages.read, because it answers no HTTP request',
    );
    await database.drop();
  });

  it.each([
    [{ points: 0, seconds: 1 }, '"points" is 0'],
    [{ points: 1, seconds: 1.5 }, '"seconds" is 1.5'],
    [{ points: 1, seconds: 1, name: 'a "b"' }, '"name" is'],
  ])('rejects %j at the declaration', (options, message) => {
    expect(() => RateLimit(options)).toThrow(message);
  });
});

function posternOf(databaseUrl: string) {
  return PosternModule.forRoot({
    issuer: 'https://id.example.test',
    secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
    databaseUrl,
    limitStore: InterruptedStore,
    password: { argon2: { memoryKiB: 2048, iterations: 1 } },
  });
}
