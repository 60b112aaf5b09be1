import {
  Catch,
  ClassSerializerInterceptor,
  Controller,
  Get,
  HttpException,
  HttpStatus,
  Injectable,
  Module,
  Post,
  Scope,
} from '@nestjs/common';
import { BadGatewayException, SerializeOptions, UseGuards } from '@nestjs/common';
import type {
  ArgumentsHost,
  CanActivate,
  CallHandler,
  ExceptionFilter,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
} from '@nestjs/common';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { APP_INTERCEPTOR, BaseExceptionFilter, HttpAdapterHost, Reflector } from '@nestjs/core';
import { UnauthorizedException } from '@nestjs/common';
import { catchError, map, of, tap, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { HealthController, PosternModule } from 'postern';
import { FixedResponse, Public } from 'postern/auth';
import { ServiceUnavailableError } from 'postern/problem';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';

const account = { email: 'ada@example.com', password: 'seven small boats at noon' };
const other = { email: 'bob@example.com', password: 'eight large ships at dusk' };

/** The filter of Nest's documentation ("Catch everything"). */
@Catch()
class AllExceptionsFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const status = exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { statusCode: status, by: 'acme' }, status);
  }
}

/** The envelope of many teams. It also answers each request with the status 200. */
class EnvelopeInterceptor implements NestInterceptor {
  readonly seen: unknown[] = [];

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<{ header(name: string, value: string): void }>();
    return next.handle().pipe(
      tap((value) => this.seen.push(value)),
      map((data: unknown) => {
        Object.assign(response, { statusCode: 203 });
        response.header('Cache-Control', 'public, max-age=60');
        return { data };
      }),
      // The example of Nest's documentation ("Exception mapping").
      catchError(() => throwError(() => new BadGatewayException())),
    );
  }
}

/** A hand-made cache that answers without the handler. */
@Injectable({ scope: Scope.REQUEST })
class StaleInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return process.env['NO_STALE'] ? next.handle() : of({ stale: true });
  }
}

/** It reads a member of each response. */
class ItemsInterceptor implements NestInterceptor {
  async intercept(_: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return next.handle().pipe(map((value: { items: number }) => ({ items: value.items })));
  }
}

@SerializeOptions({ strategy: 'excludeAll' })
class StrictSerializer extends ClassSerializerInterceptor {}

/** Rejects as the guard of `@nestjs/throttler` does. */
class BusyGuard implements CanActivate {
  canActivate(context: ExecutionContext): never {
    context.switchToHttp().getResponse<{ header(name: string, value: number): void }>().header('Retry-After', 57);
    throw new HttpException('ThrottlerException: Too Many Requests', HttpStatus.TOO_MANY_REQUESTS);
  }
}

@Public()
@Controller('shop')
class ShopController {
  static calls = 0;

  @Get('prices')
  prices(): object {
    return { calls: (ShopController.calls += 1) };
  }

  @Get('closed')
  closed(): never {
    throw new ServiceUnavailableError(undefined, { headers: { 'Retry-After': '120' } });
  }

  @Get('busy')
  @UseGuards(BusyGuard)
  busy(): object {
    return {};
  }

  @Get('basic')
  basic(): never {
    throw new UnauthorizedException();
  }
}

/** Routes of the application for machines. */
@Public()
@FixedResponse()
@Controller('partners')
class PartnersController {
  @Post('orders')
  orders(): object {
    return { id: 1 };
  }
}

/** The application extends a controller of Postern. */
@Controller('health')
class ExtendedHealthController extends HealthController {
  override async ready(): ReturnType<HealthController['ready']> {
    return { ...(await super.ready()), build: '42' } as never;
  }

  @Public()
  @Get('version')
  version(): object {
    return { version: '42' };
  }
}

describe.each(['express', 'fastify'] as const)('Postern beside global filters and interceptors, on %s', (adapter) => {
  let database: TestDatabase;
  const apps: TestApplication[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const app = await start();
    for (const body of [account, other]) await app.call('POST', '/auth/register', { body });
  });
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));
  afterAll(() => database?.drop());

  async function start(
    prepare: (nest: INestApplication) => void = () => undefined,
    interceptor?: typeof StaleInterceptor,
  ): Promise<TestApplication> {
    const postern = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      controllers: { health: ExtendedHealthController },
    });
    @Module({
      imports: [postern, CacheModule.register()],
      controllers: [ShopController, PartnersController],
      providers: [CacheInterceptor, ...(interceptor ? [{ provide: APP_INTERCEPTOR, useClass: interceptor }] : [])],
    })
    class AppModule {}
    const app = await startTestApplication(AppModule, { adapter, prepare });
    apps.push(app);
    return app;
  }

  const logIn = async (app: TestApplication, body = account): Promise<string> =>
    String((await app.call('POST', '/auth/login', { body })).body['access_token']);

  describe('a catch-all filter', () => {
    it.each([
      ['of Nest’s documentation', (host: HttpAdapterHost) => new AllExceptionsFilter(host)],
      ['that extends BaseExceptionFilter', ({ httpAdapter }: HttpAdapterHost) => new BaseExceptionFilter(httpAdapter)],
    ])('%s keeps the status and the headers of each rejection', async (_, filterOf) => {
      const app = await start((nest) => nest.useGlobalFilters(filterOf(nest.get(HttpAdapterHost))));
      const token = await logIn(app);
      const missing = await app.call('GET', '/users/me');
      expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      const invalid = await app.call('GET', '/users/me', { token: 'a.b.c' });
      expect(invalid.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      const { status, headers } = await app.call('GET', '/users', { token });
      expect([status, headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('insufficient_scope')]);
      expect((await app.call('POST', '/auth/login', { body: {} })).status).toBe(400);
      expect((await app.call('POST', '/auth/login', { body: { ...account, password: 'no' } })).status).toBe(401);
      const closed = await app.call('GET', '/shop/closed');
      expect([closed.status, closed.headers.get('retry-after')]).toEqual([503, '120']);
    });

    it('that extends BaseExceptionFilter sends the code and the invalid fields, and no cause', async () => {
      const app = await start((nest) => nest.useGlobalFilters(new BaseExceptionFilter(nest.getHttpAdapter())));
      expect((await app.call('GET', '/users/me', { token: 'a.b.c' })).body).toEqual({
        statusCode: 401,
        message: 'A valid access token is required.',
        code: 'invalid-token',
        title: 'A valid access token is required.',
        status: 401,
      });
      expect((await app.call('POST', '/auth/login', { body: { email: 7 } })).body).toMatchObject({
        code: 'validation-failed',
        errors: expect.arrayContaining([expect.objectContaining({ pointer: '/password' })]),
      });
    });
  });

  it('ProblemFilter keeps the headers that were set before the throw', async () => {
    const app = await start((nest) =>
      nest.use(
        '/shop/basic',
        (_: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
          response.setHeader('WWW-Authenticate', 'Basic realm="shop"');
          next();
        },
      ),
    );
    const busy = await app.call('GET', '/shop/busy');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '57']);
    const basic = await app.call('GET', '/shop/basic');
    expect([basic.status, basic.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="shop"']);
    expect(basic.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  describe('a global interceptor', () => {
    it('that caches does not send the account of one user to another, and caches the routes of the application', async () => {
      const app = await start((nest) => nest.useGlobalInterceptors(nest.get(CacheInterceptor)));
      for (const user of [account, other, account]) {
        const { body, headers } = await app.call('GET', '/users/me', { token: await logIn(app, user) });
        expect([body['email'], headers.get('cache-control')]).toEqual([user.email, 'no-store']);
      }
      const prices = [await app.call('GET', '/shop/prices'), await app.call('GET', '/shop/prices')];
      expect(prices[1]!.body).toEqual(prices[0]!.body);
    });

    it('that answers without the handler, created for each request, does not answer for Postern', async () => {
      const app = await start(undefined, StaleInterceptor);
      const { body, status } = await app.call('GET', '/users/me', { token: await logIn(app) });
      expect([status, body['email']]).toEqual([200, account.email]);
      expect((await app.call('GET', '/shop/prices')).body).toEqual({ stale: true });
    });

    it.each<[string, (nest: INestApplication) => NestInterceptor[]]>([
      ['excludeAll', (nest) => [new ClassSerializerInterceptor(nest.get(Reflector), { strategy: 'excludeAll' })]],
      [
        'excludeExtraneousValues',
        (nest) => [new StrictSerializer(nest.get(Reflector), { excludeExtraneousValues: true })],
      ],
      ['an envelope', () => [new EnvelopeInterceptor(), new EnvelopeInterceptor()]],
      ['a member that is not there', () => [new ItemsInterceptor(), new EnvelopeInterceptor()]],
    ])('with %s leaves the responses of Postern as they are', async (_, interceptorsOf) => {
      const app = await start((nest) => nest.useGlobalInterceptors(...interceptorsOf(nest)));
      const pair = await app.call('POST', '/auth/login', { body: account });
      expect([pair.status, Object.keys(pair.body)]).toEqual([
        200,
        expect.arrayContaining(['access_token', 'refresh_token', 'token_type', 'expires_in']),
      ]);
      expect(pair.headers.get('cache-control')).toBe('no-store');
      const token = String(pair.body['access_token']);
      const me = await app.call('GET', '/users/me', { token });
      expect([me.status, me.body['email'], me.headers.get('cache-control')]).toEqual([200, account.email, 'no-store']);
      const jwks = await app.call('GET', '/.well-known/jwks.json');
      expect([jwks.status, jwks.headers.get('cache-control')]).toEqual([
        200,
        expect.stringMatching(/^public, max-age=(?!60)/),
      ]);
      expect(jwks.body).toEqual({ keys: Array(2).fill(expect.objectContaining({ kty: 'EC' })) });
      const etag = jwks.headers.get('etag')!;
      expect((await app.call('GET', '/.well-known/jwks.json', { headers: { 'if-none-match': etag } })).status).toBe(
        304,
      );
      const metadata = await app.call('GET', '/.well-known/oauth-authorization-server');
      expect(metadata.body).toMatchObject({ issuer: 'https://id.example.test' });
      expect((await app.call('GET', '/health/live')).body).toMatchObject({ status: 'ok' });
      const renewed = await app.call('POST', '/auth/refresh', { body: { refresh_token: pair.body['refresh_token'] } });
      expect(renewed.body).toHaveProperty('access_token');
      expect((await app.call('POST', '/auth/logout', { token })).status).toBe(204);
      expect(await app.call('POST', '/auth/login', { body: { ...account, password: 'wrong' } })).toMatchObject({
        status: 401,
        body: { code: 'invalid-credentials' },
      });
    });

    it('applies to the routes of the application, also to those that it adds to a controller of Postern', async () => {
      const envelope = new EnvelopeInterceptor();
      const app = await start((nest) => nest.useGlobalInterceptors(envelope));
      expect((await app.call('GET', '/health/ready')).body).toMatchObject({ status: 'ok', build: '42' });
      expect((await app.call('POST', '/partners/orders')).body).toEqual({ id: 1 });
      // The interceptor runs, for example to log, and sees no body.
      expect(envelope.seen).toEqual([undefined, undefined]);
      expect(await app.call('GET', '/health/version')).toMatchObject({
        status: 203,
        body: { data: { version: '42' } },
      });
      expect((await app.call('GET', '/shop/prices')).body).toHaveProperty('data.calls');
    });

    it('rejects a request of Postern before the handler runs, and fails it after the handler if it fails', async () => {
      const failure = (error: Error, isEarly: boolean): NestInterceptor => ({
        intercept: (_, next) =>
          isEarly
            ? throwError(() => error)
            : next.handle().pipe(
                map(() => {
                  throw error;
                }),
              ),
      });
      for (const isEarly of [true, false]) {
        const app = await start((nest) =>
          nest.useGlobalInterceptors(failure(new HttpException('Maintenance', 503), isEarly)),
        );
        expect((await app.call('GET', '/health/live')).status).toBe(503);
      }
    });
  });
});
