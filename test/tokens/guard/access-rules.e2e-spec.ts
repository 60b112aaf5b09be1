import { applyDecorators, Controller, Get, Injectable, Module, Post, Scope, UseGuards } from '@nestjs/common';
import type { ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import {
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  ForServices,
  isPublic,
  JwtAuthGuard,
  OwnIssuerOnly,
  PrincipalMapper,
  Public,
  RequireScopes,
  scopesOf,
  withInheritedRoutes,
} from 'postern/auth';
import type { AuthStructure, GuardedRequest, Principal } from 'postern/auth';
import { TestIssuer } from 'postern/testing/auth';

const issuer = new TestIssuer('orders');
const partner = new TestIssuer('orders', 'https://partner.example');
const { issuer: partnerName, audience, staticKeys } = partner.settings;

const plain = issuer.token({ subject: 'eve' });
const admin = issuer.token({ subject: 'ada', scopes: ['admin'] });
const ofPartner = partner.token({ subject: 'ada', scopes: ['admin'] });

type Method = (...args: unknown[]) => unknown;

/** A timing decorator that does not copy metadata. */
const Timed = (): MethodDecorator => (_target, _name, descriptor) => {
  const original = descriptor.value as Method;
  (descriptor as PropertyDescriptor).value = async function timed(...args: unknown[]) {
    return original.apply(this, args);
  };
};

/** The same decorator with a proxy of the method. */
const Proxied = (): MethodDecorator => (_target, _name, descriptor) => ({
  ...descriptor,
  value: new Proxy(descriptor.value as object, {}) as never,
});

const ROUTE = ['path', 'method', '__httpCode__'];

/** Tracing of a whole class: replaces each method of the prototype and copies only the route metadata. */
const trace = (prototype: object): void => {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    const traced = function (this: unknown, ...args: unknown[]): unknown {
      return (value as Method).apply(this, args);
    };
    for (const key of ROUTE) {
      if (Reflect.hasMetadata(key, value)) Reflect.defineMetadata(key, Reflect.getMetadata(key, value), traced);
    }
    Object.defineProperty(prototype, name, { value: traced, writable: true, configurable: true });
  }
};
const Traced = (): ClassDecorator => (target) => trace(target.prototype as object);

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('access rules on %s', (adapter) => {
  let application: INestApplication | undefined;

  const start = async (controllers: Type[], structure: AuthStructure = {}): Promise<void> => {
    const issuers = [{ issuer: partnerName, audience, staticKeys: staticKeys! }];
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, issuers, ...structure })],
      controllers,
    }).compile();
    application = testing.createNestApplication(adapters[adapter](), { logger: false });
    await application.listen(0, '127.0.0.1');
  };
  const ask = async (path: string, token?: string): Promise<[number, string]> => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch((await application!.getUrl()) + path, { headers });
    return [response.status, await response.text()];
  };
  const statuses = async (path: string, ...tokens: (string | undefined)[]): Promise<number[]> =>
    Promise.all(tokens.map(async (token) => (await ask(path, token))[0]));

  afterEach(async () => {
    await application?.close();
    application = undefined;
  });

  it.each([
    ['replaces the descriptor’s value', Timed],
    ['puts a proxy around the method', Proxied],
  ])('a decorator that %s strips no rule of the method', async (_how, Wrapped) => {
    const ForAdministrators = () => applyDecorators(Wrapped(), RequireScopes('admin'), Wrapped());
    @Controller('wrapped')
    class WrappedController {
      @Get('scoped')
      @Wrapped()
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }

      @Get('own')
      @Wrapped()
      @OwnIssuerOnly()
      own(): string {
        return 'own';
      }

      @Get('composed')
      @ForAdministrators()
      composed(): string {
        return 'composed';
      }

      @Get('open')
      @Wrapped()
      @Public()
      open(): string {
        return 'open';
      }
    }
    @Public()
    @Controller('ajar')
    class AjarController {
      @Get('scoped')
      @Wrapped()
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }

      @Get('own')
      @Wrapped()
      @OwnIssuerOnly()
      own(): string {
        return 'own';
      }
    }
    await start([WrappedController, AjarController]);
    for (const controller of ['wrapped', 'ajar']) {
      expect(await statuses(`/${controller}/scoped`, undefined, plain, admin)).toEqual([401, 403, 200]);
      expect(await statuses(`/${controller}/own`, undefined, ofPartner, plain)).toEqual([401, 401, 200]);
    }
    expect(await statuses('/wrapped/composed', undefined, plain, admin)).toEqual([401, 403, 200]);
    expect(await ask('/wrapped/open')).toEqual([200, 'open']);
    const { scoped } = Object.getOwnPropertyDescriptors(WrappedController.prototype);
    expect(scopesOf(scoped.value as () => string, WrappedController)).toEqual(['admin']);
  });

  it('tracing that replaces the methods of a class, its base or its mixed-in class strips no rule, whatever its methods are named', async () => {
    class Listing {
      @RequireScopes('admin')
      @Get('listed')
      listed(): string {
        return 'listed';
      }
    }
    @Public()
    @Traced()
    @Controller('traced')
    class TracedController extends Listing {
      @RequireScopes('admin')
      @Get('scoped')
      scoped(): string {
        return 'scoped';
      }
    }
    trace(Listing.prototype);
    class Mixed {
      @Get('mixed')
      @Timed()
      @RequireScopes('admin')
      mixed(): string {
        return 'mixed';
      }
    }
    const NAMELESS = Symbol('nameless');
    class MixingController {
      @Get('symbolic')
      @Timed()
      @RequireScopes('admin')
      [NAMELESS](): string {
        return 'symbolic';
      }

      @Get('static')
      @Timed()
      @RequireScopes('admin')
      static shared(): string {
        return 'static';
      }
    }
    const symbolic = Object.getOwnPropertyDescriptor(MixingController.prototype, NAMELESS)!;
    const shared = Object.getOwnPropertyDescriptor(MixingController, 'shared')!;
    Object.defineProperties(MixingController.prototype, { symbolic, shared });
    const { mixed } = Object.getOwnPropertyDescriptors(Mixed.prototype);
    Object.defineProperty(MixingController.prototype, 'borrowed', mixed);
    Controller('mixing')(MixingController);
    Public()(MixingController);
    await start([TracedController, MixingController]);
    for (const path of ['/traced/scoped', '/traced/listed', '/mixing/mixed', '/mixing/symbolic', '/mixing/static']) {
      expect([path, ...(await statuses(path, undefined, plain, admin))]).toEqual([path, 401, 403, 200]);
    }
  });

  it('a route keeps the rules of its method when tracing replaces the method after the router has read it', async () => {
    @Controller('late')
    class LateController {
      @Get()
      @Timed()
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }
    }
    @Injectable()
    class LateTracing {
      onModuleInit(): void {
        trace(LateController.prototype);
      }
    }
    @Module({ providers: [LateTracing] })
    class TracingModule {}
    await start([LateController], { imports: [{ module: TracingModule }] });
    expect(await statuses('/late', undefined, plain, admin)).toEqual([401, 403, 200]);
  });

  it('instrumentation that hands the router copies of the handlers keeps their rules', async () => {
    @Controller('copied')
    class CopiedController {
      @Get('scoped')
      @Timed()
      @RequireScopes('admin')
      scoped(@CurrentPrincipal() { subject }: Principal): string {
        return subject;
      }

      @Public()
      @Get('open')
      open(): string {
        return 'open';
      }

      @Get('plain')
      plain(): string {
        return 'plain';
      }
    }
    // The instrumentation of OpenTelemetry does this.
    const router = RouterExecutionContext.prototype as { create: (...args: unknown[]) => unknown };
    const { create } = router;
    router.create = function (instance, callback, ...rest) {
      const copy = function (this: unknown, ...args: unknown[]): unknown {
        return (callback as Method).apply(this, args);
      };
      for (const key of Reflect.getMetadataKeys(callback as Method) as unknown[]) {
        Reflect.defineMetadata(key, Reflect.getMetadata(key, callback as Method), copy);
      }
      return create.call(this, instance, copy, ...rest);
    };
    try {
      await start([CopiedController]);
    } finally {
      router.create = create;
    }
    expect(await statuses('/copied/scoped', undefined, plain, admin)).toEqual([401, 403, 200]);
    expect(await statuses('/copied/open', undefined)).toEqual([200]);
    expect(await statuses('/copied/plain', undefined, plain)).toEqual([401, 200]);
  });

  it('a class decorator that returns a proxy of the class strips no rule of the class', async () => {
    const Observed = (): ClassDecorator => (target) => new Proxy(target, {});
    @RequireScopes('admin')
    @Controller('observed')
    @Observed()
    class ObservedController {
      @Get()
      all(): string {
        return 'all';
      }
    }
    await start([ObservedController]);
    expect(await statuses('/observed', undefined, plain, admin)).toEqual([401, 403, 200]);
  });

  it('a mixin that copies "constructor" strips no rule of the class, and stops the start if it would open a route', async () => {
    @Controller('base')
    class BaseController {
      @Get('all')
      all(): string {
        return 'all';
      }
    }
    @Public()
    @Controller('open')
    class OpenController {
      @Get('all')
      all(): string {
        return 'all';
      }
    }
    @RequireScopes('admin')
    @Controller('scoped')
    class ScopedController {}
    @Controller('mixing')
    class MixingController {}
    const mix = (target: Type, { prototype }: Type) =>
      Object.defineProperties(target.prototype, Object.getOwnPropertyDescriptors(prototype as object));
    mix(ScopedController, BaseController);
    mix(MixingController, OpenController);
    await start([ScopedController]);
    expect(await statuses('/scoped/all', undefined, plain, admin)).toEqual([401, 403, 200]);
    await application!.close();
    await expect(start([MixingController])).rejects.toThrow(
      /^AuthModule: MixingController\.prototype\.constructor is OpenController, .* MixingController\.all\. Do not copy "constructor"/,
    );
  });

  it('with "global: false" the rules of a wrapped method hold, and one without its guard stops the start', async () => {
    @Controller('guarded')
    @UseGuards(JwtAuthGuard)
    class GuardedController {
      @Get()
      @Timed()
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }
    }
    @Controller('lost')
    class LostController {
      @Get()
      @Timed()
      @UseGuards(JwtAuthGuard)
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }
    }
    class GuardingController {
      @UseGuards(JwtAuthGuard)
      @Get()
      all(): string {
        return 'all';
      }
    }
    @Controller('overriding')
    class OverridingController extends GuardingController {
      @Get()
      override all(): string {
        return 'overridden';
      }
    }
    await start([GuardedController], { global: false });
    expect(await statuses('/guarded', undefined, plain, admin)).toEqual([401, 403, 200]);
    await application!.close();
    await expect(start([LostController], { global: false })).rejects.toThrow(
      /^AuthModule: LostController\.scoped.* has @RequireScopes/,
    );
    await expect(start([OverridingController], { global: false })).rejects.toThrow(
      /^AuthModule: @UseGuards\(JwtAuthGuard\) is lost for OverridingController\.all, .* Repeat @UseGuards/,
    );
    const Observed = (): ClassDecorator => (target) => new Proxy(target, {});
    class BareController {
      @Get()
      bare(): string {
        return 'bare';
      }
    }
    @Controller('bare')
    @Observed()
    @UseGuards(JwtAuthGuard)
    class ObservedBareController extends BareController {}
    await expect(start([ObservedBareController], { global: false })).rejects.toThrow(
      /^AuthModule: @UseGuards\(JwtAuthGuard\) is lost for ObservedBareController\.bare/,
    );
  });

  it('an override that repeats the route keeps the rules of the method and of the classes that it overrides', async () => {
    abstract class Reports {
      @RequireScopes('admin')
      @Get('scoped')
      scoped(): string {
        return 'scoped';
      }

      @Timed()
      @OwnIssuerOnly()
      own(): string {
        return 'own';
      }

      @UseGuards(JwtAuthGuard)
      @Get('guarded')
      guarded(): string {
        return 'guarded';
      }

      @Public()
      @Get('open')
      open(): string {
        return 'open';
      }

      @Public()
      @Get('kept')
      kept(): string {
        return 'kept';
      }
    }
    @Public()
    @Controller('reports')
    class OverridingController extends Reports {
      @RequireScopes('reports:read')
      @Get('scoped')
      override scoped(): string {
        return 'overridden';
      }

      @Get('own')
      @Timed()
      override own(): string {
        return 'overridden';
      }

      @Get('guarded')
      override guarded(): string {
        return 'overridden';
      }
    }
    @Controller('closed')
    class ClosedController extends Reports {
      @Get('open')
      override open(): string {
        return 'overridden';
      }

      @Public()
      @Get('scoped')
      override scoped(): string {
        return 'overridden';
      }
    }
    await start([OverridingController, ClosedController]);
    const both = issuer.token({ subject: 'ada', scopes: ['admin', 'reports:read'] });
    const reader = issuer.token({ subject: 'ada', scopes: ['reports:read'] });
    expect(await statuses('/reports/scoped', undefined, admin, reader, both)).toEqual([401, 403, 403, 200]);
    expect(await statuses('/reports/own', undefined, ofPartner, plain)).toEqual([401, 401, 200]);
    expect(await statuses('/reports/guarded', undefined, plain)).toEqual([401, 200]);
    expect(await statuses('/closed/open', undefined, plain)).toEqual([401, 200]);
    expect(await statuses('/closed/scoped', undefined, plain, admin)).toEqual([401, 403, 200]);
    expect(await ask('/closed/kept')).toEqual([200, 'kept']);
  });

  it('a subclass of a public controller is not public, except for methods that are public themselves', async () => {
    @Public()
    @Controller('prices')
    class PricesController {
      @Get()
      all(): string {
        return 'all';
      }

      @Public()
      @Get('kept')
      kept(): string {
        return 'kept';
      }
    }
    @Controller('costs')
    class CostsController extends PricesController {
      @Get('margin')
      margin(): string {
        return 'margin';
      }
    }
    @Public()
    @Controller('offers')
    class OffersController extends PricesController {}
    await start([PricesController, CostsController, OffersController]);
    expect(await statuses('/costs', undefined, plain)).toEqual([401, 200]);
    expect(await statuses('/costs/margin', undefined, plain)).toEqual([401, 200]);
    for (const path of ['/prices', '/costs/kept', '/offers']) expect((await ask(path))[0]).toBe(200);
  });

  it('withInheritedRoutes opens an override that has no route of its own, and no other one', async () => {
    class PricesController {
      @Get('same')
      @Timed()
      @Public()
      same(): string {
        return 'same';
      }

      @Public()
      @Get('other')
      other(): string {
        return 'other';
      }
    }
    @Controller('prices')
    class CostsController extends PricesController {
      override same(): string {
        return 'overridden';
      }

      @Get('other')
      override other(): string {
        return 'overridden';
      }
    }
    await start([withInheritedRoutes(CostsController)]);
    expect(await ask('/prices/same')).toEqual([200, 'overridden']);
    expect(await statuses('/prices/other', undefined, plain)).toEqual([401, 200]);
  });

  it('@ForServices() holds for the methods of its class, and for no method that a subclass adds', async () => {
    @Injectable()
    class Nobody extends PrincipalMapper {
      override map(): undefined {
        return undefined;
      }
    }
    @ForServices()
    @Controller('exports')
    class ExportsController {
      @Get()
      @Timed()
      all(@CurrentPrincipal() { subject }: Principal): string {
        return subject;
      }

      @Get('replaced')
      replaced(): string {
        return 'replaced';
      }
    }
    @Controller('more')
    class MoreController extends ExportsController {
      @Get('added')
      added(@CurrentUser() user: Principal): string {
        return user.subject;
      }

      @Get('replaced')
      override replaced(@CurrentUser() user?: Principal): string {
        return user!.subject;
      }
    }
    await start([ExportsController, MoreController], { mapper: Nobody });
    const service = issuer.token({ subject: 'billing', sessionId: undefined });
    for (const path of ['/exports', '/more']) expect(await ask(path, service)).toEqual([200, 'billing']);
    expect(await statuses('/exports/replaced', service)).toEqual([200]);
    for (const path of ['/more/added', '/more/replaced']) expect(await statuses(path, service)).toEqual([401]);
  });

  it('a proxy of the object, which hides the method that has the rules, stops the start or answers 500', async () => {
    class Bound {
      constructor() {
        return new Proxy(this, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name);
            return typeof value === 'function' && name !== 'constructor' ? (value as Method).bind(target) : value;
          },
        });
      }

      @Get()
      @Timed()
      @RequireScopes('admin')
      scoped(): string {
        return 'scoped';
      }
    }
    @Controller({ path: 'bound', scope: Scope.REQUEST })
    class RequestController extends Bound {}
    @Controller('bound')
    class SingletonController extends Bound {}
    await start([RequestController]);
    expect(await statuses('/bound', undefined, plain, admin)).toEqual([500, 500, 500]);
    await application!.close();
    await expect(start([SingletonController])).rejects.toThrow(
      /^AuthModule: SingletonController\.scoped.* is assigned as a property or bound in the constructor/,
    );
  });

  it('a factory of controllers, and a route with two decorators, keep their rules', async () => {
    const reportsOf = (scope: string): Type => {
      @RequireScopes(scope)
      abstract class Reports {
        @Post('all')
        @Get('all')
        @Timed()
        @RequireScopes('admin')
        all(): string {
          return scope;
        }
      }
      return Reports as unknown as Type;
    };
    @Controller('first')
    class FirstController extends reportsOf('first:read') {}
    @Controller('second')
    class SecondController extends reportsOf('second:read') {}
    await start([FirstController, SecondController]);
    for (const [name, other] of [
      ['first', 'second'],
      ['second', 'first'],
    ]) {
      const url = `${await application!.getUrl()}/${name}/all`;
      const send = async (...scopes: string[]) => {
        const authorization = `Bearer ${issuer.token({ subject: 'ada', scopes })}`;
        return (await fetch(url, { method: 'POST', headers: { authorization } })).status;
      };
      const sent = [send('admin'), send('admin', `${other}:read`), send(`${name}:read`)];
      expect(await Promise.all(sent)).toEqual([403, 403, 403]);
      expect(await send('admin', `${name}:read`)).toBe(201);
    }
  });

  describe('a guard whose getRequest() returns its own object', () => {
    @Injectable()
    class CookieGuard extends JwtAuthGuard {
      protected override getRequest(context: ExecutionContext): GuardedRequest {
        const { headers } = super.getRequest(context) as { headers: { cookie?: string } };
        return { headers: { authorization: headers.cookie && `Bearer ${headers.cookie.replace('token=', '')}` } };
      }
    }
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), CookieGuard);

    @Controller('mine')
    class MineController {
      @Get()
      mine(@CurrentPrincipal() principal: Principal, @CurrentUser('subject') user: string): unknown {
        return [principal.subject, user];
      }
    }

    it('the handler gets principal and user', async () => {
      await start([MineController], { guard: CookieGuard });
      const cookie = `token=${admin}`;
      const response = await fetch(`${await application!.getUrl()}/mine`, { headers: { cookie } });
      expect([response.status, await response.json()]).toEqual([200, ['ada', 'ada']]);
    });

    it('a request without a token is rejected, although the guard returns the object of an earlier request', async () => {
      const holder = { headers: {} };
      @Injectable()
      class HoldingGuard extends CookieGuard {
        protected override getRequest(context: ExecutionContext): GuardedRequest {
          return Object.assign(holder, super.getRequest(context));
        }
      }
      Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), HoldingGuard);
      await start([MineController], { guard: HoldingGuard });
      const url = `${await application!.getUrl()}/mine`;
      expect((await fetch(url, { headers: { cookie: `token=${admin}` } })).status).toBe(200);
      expect((await fetch(url)).status).toBe(401);
    });
  });

  it('a handler that asks for a principal which no guard has set answers 500 "principal-unknown"', async () => {
    @Controller('mine')
    class MineController {
      @Get()
      @Timed()
      @UseGuards(JwtAuthGuard)
      mine(@CurrentPrincipal() principal?: Principal): string {
        return principal?.subject ?? 'nobody';
      }

      @Public()
      @Get('open')
      open(@CurrentUser() user?: Principal): string {
        return user?.subject ?? 'nobody';
      }
    }
    await start([MineController], { global: false });
    const [status, body] = await ask('/mine');
    expect([status, JSON.parse(body)]).toMatchObject([500, { code: 'principal-unknown' }]);
    expect(await ask('/mine/open')).toEqual([200, 'nobody']);
  });
});

it('a function with two names has the rules of both, and is public only if both are', () => {
  class PricesController {
    @Timed()
    @Public()
    open(): string {
      return 'open';
    }
  }
  const { prototype } = PricesController;
  const open = Object.getOwnPropertyDescriptor(prototype, 'open')!.value as () => string;
  Object.assign(prototype, { again: open });
  expect(isPublic(open, PricesController)).toBe(false);
  class CostsController extends PricesController {}
  Public()(prototype, 'again', {});
  expect(isPublic(open, CostsController)).toBe(true);
  class ScopedController extends PricesController {}
  RequireScopes('admin')(prototype, 'again', {});
  expect(scopesOf(open, ScopedController)).toEqual(['admin']);
});

describe('access rules of message handlers', () => {
  @Injectable()
  class MessageGuard extends JwtAuthGuard {
    protected override getRequest(context: ExecutionContext): GuardedRequest {
      const { token } = context.switchToRpc().getData<{ token?: string }>();
      return { headers: { authorization: token && `Bearer ${token}` } };
    }
  }
  Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), MessageGuard);

  it('a wrapped handler of messages keeps its scopes and its issuer, and hands over the principal', async () => {
    @Public()
    class Messages {
      @MessagePattern('scoped')
      @Timed()
      @RequireScopes('admin')
      scoped(@CurrentPrincipal() { subject }: Principal): string {
        return subject;
      }
    }
    @Controller()
    class MessagesController extends Messages {
      @MessagePattern('own')
      @Timed()
      @OwnIssuerOnly()
      own(): string {
        return 'own';
      }
    }
    const issuers = [{ issuer: partnerName, audience, staticKeys: staticKeys! }];
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, issuers, guard: MessageGuard })],
      controllers: [MessagesController],
    }).compile();
    const options = { host: '127.0.0.1', port: 0 };
    const service = testing.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    await service.listen();
    const { port } = (
      service as unknown as { serverInstance: { unwrap(): { address(): { port: number } } } }
    ).serverInstance
      .unwrap()
      .address();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const say = (pattern: string, token?: string): Promise<unknown> =>
      firstValueFrom(client.send(pattern, { token })).catch((error: unknown) => (error as { code?: string }).code);
    const said = [say('scoped'), say('scoped', plain), say('scoped', admin), say('own', ofPartner), say('own', plain)];
    expect(await Promise.all(said)).toEqual(['invalid-token', 'insufficient-scope', 'ada', 'invalid-token', 'own']);
    await client.close();
    await service.close();
  });

  it('a property that replaces a message handler with scopes stops the start', async () => {
    class Messages {
      @RequireScopes('admin')
      @MessagePattern('scoped')
      scoped(): string {
        return 'scoped';
      }
    }
    @Controller()
    class PropertyController extends Messages {
      override scoped = (): string => 'anybody';
    }
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, guard: MessageGuard })],
      controllers: [PropertyController],
    }).compile();
    const options = { host: '127.0.0.1', port: 0 };
    const service = testing.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    await expect(service.listen()).rejects.toThrow(
      /^AuthModule: PropertyController\.scoped.* is assigned as a property/,
    );
  });
});
