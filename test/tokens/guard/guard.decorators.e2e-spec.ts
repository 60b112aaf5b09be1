import { applyDecorators, Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { ExecutionContext, INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  isGuarded,
  isPublic,
  JwtAuthGuard,
  Public,
  RequireScopes,
  scopesOf,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { testPrincipal } from 'postern/testing/auth';
import {
  START,
  time,
  mapper,
  EmployeeMapper,
  OrdersController,
  OpenController,
  TwiceController,
  settings,
  tokenWith,
  ask,
  bearer,
  handler,
  ADAPTERS,
  startOn,
} from './guard.fixture.js';

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
