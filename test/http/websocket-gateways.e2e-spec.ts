import { once } from 'node:events';
import { Injectable, UseFilters } from '@nestjs/common';
import type { ExecutionContext, INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WebSocket } from 'ws';
import { AuthModule, CurrentPrincipal, JwtAuthGuard, Public, RequireScopes, RevocationPublisher } from 'postern/auth';
import type { GuardedRequest, Principal } from 'postern/auth';
import { AuthErrorFilter } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';

const issuer = new TestIssuer('chat');

/** Reads the token of the handshake, so that each message is checked against it. */
@Injectable()
class SocketGuard extends JwtAuthGuard {
  protected override getRequest(context: ExecutionContext): GuardedRequest {
    return context.getType() === 'ws' ? context.switchToWs().getClient() : super.getRequest(context);
  }
}

type Guarded = WebSocket & { headers?: object };

@WebSocketGateway()
@UseFilters(AuthErrorFilter)
class ChatGateway {
  handleConnection(client: Guarded, { headers }: { headers: object }): void {
    client.headers = headers;
  }

  @SubscribeMessage('whoami')
  whoami(@CurrentPrincipal() { subject }: Principal): object {
    return { event: 'whoami', data: subject };
  }

  @RequireScopes('chat:write')
  @SubscribeMessage('write')
  write(@ConnectedSocket() _client: Guarded): object {
    return { event: 'write', data: 'written' };
  }

  @Public()
  @SubscribeMessage('open')
  open(@CurrentPrincipal() principal?: Principal): object {
    return { event: 'open', data: principal?.subject ?? 'nobody' };
  }
}

describe('a gateway on the adapter of `ws`', () => {
  let app: INestApplication;
  let port: string;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, guard: SocketGuard })],
      providers: [ChatGateway],
    }).compile();
    app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    ({ port } = new URL(await app.getUrl()));
  });
  afterAll(() => app.close());

  async function connected(token?: string) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
    await once(socket, 'open');
    const ask = async (event: string, data?: unknown): Promise<{ event: string; data: unknown }> => {
      socket.send(JSON.stringify({ event, data }));
      const [answer] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(answer.toString()) as { event: string; data: unknown };
    };
    return { ask, close: () => socket.close() };
  }

  const refusal = (code: string) => ({ event: 'exception', data: expect.objectContaining({ code }) });

  it.each([
    ['without a token', undefined],
    ['with a forged token', 'x.y.z'],
    ['with an expired token', issuer.token({ subject: 'ada', lifetimeSeconds: -60 })],
  ])(
    'the messages of a client %s are rejected with the reason, and public messages are answered',
    async (_who, token) => {
      const { ask, close } = await connected(token);
      for (const data of [undefined, null, 'text', { text: 'hello' }]) {
        expect(await ask('whoami', data)).toEqual(refusal('invalid-token'));
        expect(await ask('open', data)).toEqual({ event: 'open', data: 'nobody' });
      }
      close();
    },
  );

  it('a message requires its scopes', async () => {
    const eve = await connected(issuer.token({ subject: 'eve' }));
    expect(await eve.ask('whoami')).toEqual({ event: 'whoami', data: 'eve' });
    expect(await eve.ask('write')).toEqual(refusal('insufficient-scope'));
    eve.close();
    const ada = await connected(issuer.token({ subject: 'ada', scopes: ['chat:write'] }));
    expect(await ada.ask('write')).toEqual({ event: 'write', data: 'written' });
    ada.close();
  });

  it('messages on an open socket are rejected once its session is revoked, and the principal is removed', async () => {
    const { ask, close } = await connected(issuer.token({ subject: 'ada', sessionId: 's1' }));
    expect(await ask('whoami')).toEqual({ event: 'whoami', data: 'ada' });
    const expiresAt = Date.now() / 1000 + 300;
    await app.get(RevocationPublisher).publish({ kind: 'session', target: 's1', reason: 'logout', expiresAt });
    expect(await ask('whoami')).toEqual(refusal('invalid-token'));
    expect(await ask('open')).toEqual({ event: 'open', data: 'nobody' });
    close();
  });
});

describe('a gateway whose guard returns a request of its own', () => {
  @Injectable()
  class MessageGuard extends JwtAuthGuard {
    protected override getRequest(context: ExecutionContext): GuardedRequest {
      const data = context.switchToWs().getData<{ token?: string } | string>();
      return { headers: { authorization: `Bearer ${typeof data === 'string' ? data : data.token}` } };
    }
  }

  it('the handler receives the principal of a message, and a message that cannot carry it is rejected', async () => {
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, guard: MessageGuard })],
      providers: [ChatGateway],
    }).compile();
    const app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    const socket = new WebSocket((await app.getUrl()).replace('http', 'ws'));
    await once(socket, 'open');
    const ask = async (event: string, data: unknown): Promise<unknown> => {
      socket.send(JSON.stringify({ event, data }));
      const [answer] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(answer.toString());
    };
    const token = issuer.token({ subject: 'ada', scopes: ['chat:write'] });
    expect(await ask('whoami', { token })).toEqual({ event: 'whoami', data: 'ada' });
    for (const event of ['whoami', 'write']) {
      const code = 'principal-unknown';
      expect(await ask(event, token)).toEqual({ event: 'exception', data: expect.objectContaining({ code }) });
    }
    socket.close();
    await app.close();
  });
});
