import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocket } from 'ws';
import {
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  isGuarded,
  isOptional,
  JwtAuthGuard,
  OptionalAuth,
  OwnIssuerOnly,
  PrincipalMapper,
  Public,
  RequireScopes,
  withInheritedRoutes,
} from 'postern/auth';
import type { AuthStructure, GuardedRequest, Principal } from 'postern/auth';
import { TestIssuer } from 'postern/testing/auth';

const issuer = new TestIssuer('orders');
const partner = new TestIssuer('orders', 'https://partner.example');
const { issuer: partnerName, audience, staticKeys } = partner.settings;

const ada = issuer.token({ subject: 'ada', scopes: ['admin'] });
const eve = issuer.token({ subject: 'eve' });
const gone = issuer.token({ subject: 'gone', scopes: ['admin'] });
const bob = partner.token({ subject: 'bob', scopes: ['admin'] });

@Injectable()
class StaffMapper extends PrincipalMapper<{ name: string }> {
  override map({ subject }: Principal): { name: string } | undefined {
    return subject === 'gone' ? undefined : { name: subject };
  }
}

type Who = [string | null, string | null];
const who = (principal?: Principal, user?: { name: string }): Who => [principal?.subject ?? null, user?.name ?? null];

@Controller('articles')
class ArticlesController {
  @OptionalAuth()
  @Get('strict')
  strict(@CurrentPrincipal() principal?: Principal, @CurrentUser() user?: { name: string }): Who {
    return who(principal, user);
  }

  @OptionalAuth({ invalidToken: 'ignore' })
  @Get('lenient')
  lenient(@CurrentPrincipal() principal?: Principal, @CurrentUser() user?: { name: string }): Who {
    return who(principal, user);
  }

  @OptionalAuth({ invalidToken: 'ignore' })
  @RequireScopes('admin')
  @OwnIssuerOnly()
  @UseGuards(JwtAuthGuard)
  @Get('scoped')
  scoped(@CurrentPrincipal() principal?: Principal): Who {
    return who(principal);
  }
}

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('optional authentication on %s', (adapter) => {
  let application: INestApplication | undefined;

  const start = async (controllers: Type[], structure: AuthStructure = {}, providers: Type[] = []): Promise<void> => {
    const issuers = [{ issuer: partnerName, audience, staticKeys: staticKeys! }];
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, issuers, ...structure })],
      controllers,
      providers,
    }).compile();
    application = testing.createNestApplication(adapters[adapter](), { logger: false });
    application.useWebSocketAdapter(new WsAdapter(application));
    await application.listen(0, '127.0.0.1');
  };
  const ask = async (path: string, authorization?: string): Promise<unknown> => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch((await application!.getUrl()) + path, { headers });
    const text = await response.text();
    return response.status === 200 ? (JSON.parse(text) as unknown) : response.status;
  };

  afterEach(async () => {
    await application?.close();
    application = undefined;
  });

  it.each(['global', 'by @UseGuards'])(
    'a handler knows its caller, or runs without one; the guard is %s',
    async (how) => {
      @UseGuards(JwtAuthGuard)
      @Controller('articles')
      class GuardedController extends ArticlesController {}
      const isGlobal = how === 'global';
      await start([isGlobal ? ArticlesController : GuardedController], { mapper: StaffMapper, global: isGlobal });
      for (const path of ['/articles/strict', '/articles/lenient']) {
        expect(await ask(path)).toEqual([null, null]);
        expect(await ask(path, 'Basic YTpi')).toEqual([null, null]);
        expect(await ask(path, `Bearer ${ada}`)).toEqual(['ada', 'ada']);
        expect(await ask(path, `Bearer ${bob}`)).toEqual(['bob', 'bob']);
      }
      for (const invalid of ['Bearer', 'Bearer x', `Bearer ${ada.slice(0, -4)}AAAA`, `Bearer ${gone}`]) {
        expect(await ask('/articles/strict', invalid)).toBe(401);
        expect(await ask('/articles/lenient', invalid)).toEqual([null, null]);
      }
    },
  );

  it('scopes apply to a valid token, and a token of another issuer is invalid under @OwnIssuerOnly', async () => {
    await start([ArticlesController]);
    expect(await ask('/articles/scoped')).toEqual([null, null]);
    expect(await ask('/articles/scoped', `Bearer ${ada}`)).toEqual(['ada', null]);
    expect(await ask('/articles/scoped', `Bearer ${eve}`)).toBe(403);
    expect(await ask('/articles/scoped', `Bearer ${bob}`)).toEqual([null, null]);
  });

  it('beside @Public the stricter decorator wins on one level, and the closer one on two', async () => {
    @Public()
    @OptionalAuth({ invalidToken: 'ignore' })
    @OptionalAuth()
    @Controller('both')
    class BothController {
      @Get('both')
      both(): Who {
        return who();
      }

      @Public()
      @Get('open')
      open(): Who {
        return who();
      }

      @RequireScopes('admin')
      @Get('scoped')
      scoped(): Who {
        return who();
      }

      @UseGuards(JwtAuthGuard)
      @Get('guarded')
      guarded(): Who {
        return who();
      }
    }
    @RequireScopes('admin')
    @Controller('scoped')
    class ScopedController {
      @Public()
      @OptionalAuth()
      @Get()
      optional(): Who {
        return who();
      }
    }
    await start([BothController, ScopedController]);
    const answers = async (path: string) => [
      await ask(path),
      await ask(path, 'Bearer x'),
      await ask(path, `Bearer ${eve}`),
    ];
    const fine = [null, null];
    expect(await answers('/both/both')).toEqual([fine, 401, fine]);
    expect(await answers('/both/open')).toEqual([fine, fine, fine]);
    expect(await answers('/both/scoped')).toEqual([401, 401, 403]);
    expect(await answers('/both/guarded')).toEqual([401, 401, fine]);
    expect(await answers('/scoped')).toEqual([fine, 401, 403]);
  });

  it('a subclass and an override inherit it as little as @Public, and rules of a base class require a token', async () => {
    @OptionalAuth()
    @Controller('base')
    class BaseController {
      @Get('plain')
      plain(): Who {
        return who();
      }

      @OptionalAuth({ invalidToken: 'ignore' })
      @Get('own')
      own(): Who {
        return who();
      }

      @RequireScopes('admin')
      @Get('scoped')
      scoped(): Who {
        return who();
      }
    }
    @Controller('sub')
    class SubController extends BaseController {
      override own(): Who {
        return who();
      }

      @OptionalAuth()
      @Get('scoped')
      override scoped(): Who {
        return who();
      }
    }
    @Controller('repeated')
    class RepeatedController extends BaseController {
      @Get('own')
      override own(): Who {
        return who();
      }
    }
    @RequireScopes('admin')
    class ScopedBase {}
    @OptionalAuth()
    @Controller('below')
    class BelowController extends ScopedBase {
      @Get()
      all(): Who {
        return who();
      }
    }
    await start([withInheritedRoutes(SubController), RepeatedController, BelowController]);
    const answers = async (path: string) => [await ask(path), await ask(path, 'Bearer x')];
    const fine = [null, null];
    expect(await answers('/sub/plain')).toEqual([401, 401]);
    expect(await answers('/sub/own')).toEqual([fine, fine]);
    expect(await answers('/repeated/own')).toEqual([401, 401]);
    expect(await answers('/sub/scoped')).toEqual([401, 401]);
    expect(await answers('/below')).toEqual([401, 401]);
  });

  it('a message without a token does not see the principal of an earlier message of its socket', async () => {
    @Injectable()
    class SocketGuard extends JwtAuthGuard {
      protected override getRequest(context: ExecutionContext): GuardedRequest {
        if (context.getType() !== 'ws') return super.getRequest(context);
        const [client, token] = [
          context.switchToWs().getClient<GuardedRequest>(),
          context.switchToWs().getData<string | undefined>(),
        ];
        return Object.assign(client, { headers: !token ? {} : { authorization: `Bearer ${token}` } });
      }
    }
    @WebSocketGateway({ path: '/ws' })
    class Gateway {
      @OptionalAuth()
      handleConnection(): void {}

      @OptionalAuth()
      @SubscribeMessage('who')
      who(@CurrentPrincipal() principal?: Principal, @CurrentUser() user?: Principal): unknown {
        return { event: 'who', data: who(principal, user && { name: user.subject }) };
      }
    }
    await start([], { guard: SocketGuard }, [Gateway]);
    const socket = new WebSocket(`${(await application!.getUrl()).replace('http', 'ws')}/ws`);
    await new Promise((resolve) => socket.once('open', resolve));
    const send = (data: string): Promise<unknown> =>
      new Promise((resolve) => {
        socket.once('message', (text: Buffer) => resolve((JSON.parse(text.toString()) as { data: unknown }).data));
        socket.send(JSON.stringify({ event: 'who', data }));
      });
    expect(await send(ada)).toEqual(['ada', 'ada']);
    expect(await send('')).toEqual([null, null]);
    socket.close();
  });

  it('with "global: false", a route without its guard stops the start', async () => {
    await expect(start([ArticlesController], { global: false })).rejects.toThrow(
      /ArticlesController\.strict, ArticlesController\.lenient has @OptionalAuth but no guard that reads it/,
    );
  });
});

it('the rules of an optional route are readable', () => {
  const { strict } = ArticlesController.prototype as unknown as Record<string, () => unknown>;
  expect(isOptional(strict!, ArticlesController)).toBe(true);
  expect(isGuarded(strict!, ArticlesController)).toBe(true);
  expect(() => OptionalAuth({ invalidToken: 'accept' as 'reject' })).toThrow(
    '"invalidToken" must be "reject" or "ignore"',
  );
});
