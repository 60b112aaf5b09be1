import { Controller, Injectable, Logger, Module, UseGuards } from '@nestjs/common';
import type {
  ArgumentsHost,
  ExecutionContext,
  INestApplication,
  Type,
  WebSocketAdapter,
  WsMessageHandler,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { firstValueFrom, isObservable } from 'rxjs';
import {
  AuthModule,
  Carrier,
  CurrentPrincipal,
  CurrentUser,
  InvalidTokenError,
  JwtAuthGuard,
  MessageRequest,
  Public,
  UnsupportedContextError,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { START, time, EmployeeMapper, OrdersController, settings, tokenWith, handler } from './guard.fixture.js';
import type { Employee } from './guard.fixture.js';

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
    time.now = START;
  });

  it('the message handlers of a hybrid application are guarded once, whatever guards they have', async () => {
    let guarded = 0;
    class CountingGuard extends JwtAuthGuard {
      override canActivate(context: ExecutionContextHost): boolean | Promise<boolean> {
        guarded += 1;
        return super.canActivate(context);
      }
    }
    Injectable()(CountingGuard);
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), CountingGuard);
    class OtherwiseGuardedController extends PatternsController {}
    UseGuards({ canActivate: () => true })(OtherwiseGuardedController);
    Controller()(OtherwiseGuardedController);
    class GuardedController extends PatternsController {}
    UseGuards(CountingGuard)(GuardedController);
    Controller()(GuardedController);

    for (const inheritAppConfig of [false, true]) {
      for (const controller of [PatternsController, OtherwiseGuardedController, GuardedController] as Type[]) {
        const port = await freePort();
        const testing = await Test.createTestingModule({
          imports: [AuthModule.forRoot({ ...settings, guard: CountingGuard })],
          controllers: [controller],
        }).compile();
        const hybrid = testing.createNestApplication(new FastifyAdapter(), { logger: false });
        const options = { host: '127.0.0.1', port };
        hybrid.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
        await hybrid.startAllMicroservices();
        await hybrid.init();
        const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
        await expect(firstValueFrom(client.send('open', {}))).resolves.toBe('open');
        await expect(firstValueFrom(client.send('all', {}))).rejects.toMatchObject({ code: 'invalid-token' });
        client.setOnDispatchHook((packet) => {
          packet.metadata = { authorization: `Bearer ${tokenWith()}` };
        });
        guarded = 0;
        await expect(firstValueFrom(client.send('all', {}))).resolves.toBe('all');
        // With `@UseGuards(CountingGuard)`, the team has asked for the guard twice.
        expect(guarded).toBe(controller === GuardedController && inheritAppConfig ? 2 : 1);
        await client.close();
        await hybrid.close();
      }
    }
  });

  it('with `global: false`, only the handlers with the guard are guarded, also if a guarded application shares their class', async () => {
    const port = await freePort();
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...settings, global: false })],
      controllers: [PatternsController],
    }).compile();
    const options = { host: '127.0.0.1', port };
    const service = testing.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    await service.listen();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    await expect(firstValueFrom(client.send('all', {}))).resolves.toBe('all');
    await client.close();
    await service.close();
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
      await expect(socket.say('who', {})).resolves.toMatchObject({ code: 'principal-unknown' });
      Logger.overrideLogger(false);
      expect(errors.join()).toMatch(/have no value for WhoGateway\.who: .* "ws" message\. .* subclass .* @Public\(\)/);
      await application.close();
    });
  });

  it('a message of an unknown transport is rejected until the application adds a carrier', async () => {
    const context = contextOf('rpc', {}, { attributes: { token: tokenWith() } });
    const guard = await guardOf();
    Logger.overrideLogger(false);
    expect(() => guard.canActivate(context)).toThrow(UnsupportedContextError);
    expect(() => guard.canActivate(context)).toThrow(/Extend Carrier .*forRoot\(\{ carriers \}\)/);
    expect(() => guard.canActivate(contextOf('graphql', {}, {}, {}))).toThrow(UnsupportedContextError);

    @Injectable()
    class Prefix {
      readonly scheme = 'Bearer';
    }
    @Injectable()
    class QueueCarrier extends Carrier {
      constructor(private readonly prefix: Prefix) {
        super();
      }
      override accepts(host: ArgumentsHost): boolean {
        return 'attributes' in host.switchToRpc().getContext<object>();
      }
      override read(execution: ExecutionContext): MessageRequest {
        const { attributes } = execution.switchToRpc().getContext<{ attributes: { token: string } }>();
        return new MessageRequest(`${this.prefix.scheme} ${attributes.token}`);
      }
    }
    @Module({ providers: [Prefix], exports: [Prefix] })
    class PrefixModule {}
    const structure = { carriers: [QueueCarrier], imports: [PrefixModule] };
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...settings, ...structure })],
    }).compile();
    expect(await testing.get(JwtAuthGuard).canActivate(context)).toBe(true);
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
    time.now = START + 86_400;
    await expect((async () => guard.canActivate(kept))()).rejects.toThrow(InvalidTokenError);
  });

  it('the guard decides synchronously if the key is loaded or the token is cached', async () => {
    const guard = await guardOf();
    const headers = { authorization: `Bearer ${tokenWith({ jti: 'fast' })}` };
    const request = (): object => ({ headers });
    for (const _ of [1, 2, 3]) expect(guard.canActivate(contextOf('http', request()))).toBe(true);
  });
});
