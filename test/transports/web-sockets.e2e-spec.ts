import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import {
  AuthModule,
  Clock,
  CurrentPrincipal,
  OptionalAuth,
  Public,
  RequireScopes,
  RevocationPublisher,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ManualClock, TestIssuer } from 'postern/testing/auth';
import { until } from '../support/until.js';

const issuer = new TestIssuer('chat');

/** The clients that `handleConnection` has seen. */
const connections: string[] = [];

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  handleConnection(): void {
    connections.push('chat');
  }

  @SubscribeMessage('whoami')
  whoami(@CurrentPrincipal() { subject }: Principal): object {
    return { event: 'whoami', data: subject };
  }

  @RequireScopes('chat:write')
  @SubscribeMessage('write')
  write(@ConnectedSocket() _client: object): object {
    return { event: 'write', data: 'written' };
  }

  @Public()
  @SubscribeMessage('open')
  open(@CurrentPrincipal() principal?: Principal): object {
    return { event: 'open', data: principal?.subject ?? 'nobody' };
  }
}

@WebSocketGateway({ path: '/lobby' })
class LobbyGateway {
  @OptionalAuth()
  handleConnection(): void {
    connections.push('lobby');
  }

  @SubscribeMessage('whoami')
  whoami(@CurrentPrincipal() { subject }: Principal): object {
    return { event: 'whoami', data: subject };
  }

  @OptionalAuth()
  @SubscribeMessage('optional')
  optional(@CurrentPrincipal() principal?: Principal): object {
    return { event: 'optional', data: principal?.subject ?? 'nobody' };
  }
}

/** The gateway has no `handleConnection`, and its connections need a scope. */
@RequireScopes('audit')
@WebSocketGateway({ path: '/audit' })
class AuditGateway {
  @SubscribeMessage('whoami')
  whoami(@CurrentPrincipal() { subject }: Principal): object {
    return { event: 'whoami', data: subject };
  }
}

interface Frame {
  readonly event: string;
  readonly data: unknown;
}

interface Client {
  readonly frames: Frame[];
  send(event: string, data?: unknown): void;
  /** How the server has closed the socket. */
  readonly closed: Promise<unknown>;
  close(): void;
}

type Connect = (port: string, gateway: string, token?: string) => Client;

const connectWs: Connect = (port, gateway, token) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${gateway}`, token === undefined ? [] : ['bearer', token]);
  const frames: Frame[] = [];
  const opened = once(socket, 'open');
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame));
  return {
    frames,
    send: (event, data) => void opened.then(() => socket.send(JSON.stringify({ event, data }))),
    closed: once(socket, 'close').then(([code]: unknown[]) => code),
    close: () => socket.close(),
  };
};

const connectIo: Connect = (port, gateway, token) => {
  const socket = io(`http://127.0.0.1:${port}`, {
    path: `/${gateway}`,
    forceNew: true,
    ...(token !== undefined && { auth: { token } }),
  });
  const frames: Frame[] = [];
  socket.onAny((event: string, data: unknown) => frames.push({ event, data }));
  return {
    frames,
    send: (event, data) => void socket.emit(event, data),
    closed: new Promise((resolve) => {
      socket.once('disconnect', resolve);
    }),
    close: () => void socket.disconnect(),
  };
};

const exception = (code: string): Frame => ({ event: 'exception', data: expect.objectContaining({ code }) as unknown });

describe.each([
  { name: 'ws', adapter: WsAdapter, connect: connectWs, unauthenticated: 4401, forbidden: 4403 },
  {
    name: 'socket.io',
    adapter: IoAdapter,
    connect: connectIo,
    unauthenticated: 'io server disconnect',
    forbidden: 'io server disconnect',
  },
])('a gateway on $name', ({ adapter, connect, unauthenticated, forbidden }) => {
  let app: INestApplication;
  let port: string;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, clock: ManualClock })],
      providers: [ChatGateway, LobbyGateway, AuditGateway],
    }).compile();
    app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new adapter(app));
    await app.listen(0, '127.0.0.1');
    ({ port } = new URL(await app.getUrl()));
  });
  beforeEach(() => {
    connections.length = 0;
  });
  afterAll(() => app.close());

  async function answer(client: Client, event: string, data?: unknown): Promise<Frame> {
    const { length } = client.frames;
    client.send(event, data);
    await until(() => client.frames.length > length);
    return client.frames[length]!;
  }

  const revoke = (target: string): Promise<void> =>
    app
      .get(RevocationPublisher)
      .publish({ kind: 'session', target, reason: 'logout', expiresAt: Date.now() / 1000 + 300 });

  it.each([
    ['without a token', undefined],
    ['with a forged token', 'x.y.z'],
    ['with an expired token', issuer.token({ subject: 'ada', lifetimeSeconds: -60 })],
    ['with a token for another audience', issuer.token({ subject: 'ada', claims: { aud: 'billing' } })],
  ])('a connection %s is closed with the reason before the gateway sees it', async (_what, token) => {
    const client = connect(port, 'chat', token);
    expect(await client.closed).toBe(unauthenticated);
    expect(client.frames).toEqual([exception('invalid-token')]);
    expect(connections).toEqual([]);
  });

  it('a connection needs the scopes of its gateway, also if the gateway has no handleConnection', async () => {
    const eve = connect(port, 'audit', issuer.token({ subject: 'eve' }));
    expect(await eve.closed).toBe(forbidden);
    expect(eve.frames).toEqual([exception('insufficient-scope')]);
    const ada = connect(port, 'audit', issuer.token({ subject: 'ada', scopes: ['audit'] }));
    expect(await answer(ada, 'whoami', 'text')).toEqual({ event: 'whoami', data: 'ada' });
    ada.close();
  });

  it('each message is checked, and its handler gets the principal of the connection', async () => {
    const eve = connect(port, 'chat', issuer.token({ subject: 'eve' }));
    for (const data of [null, 'text', { text: 'hello' }]) {
      expect(await answer(eve, 'whoami', data)).toEqual({ event: 'whoami', data: 'eve' });
      expect(await answer(eve, 'open', data)).toEqual({ event: 'open', data: 'nobody' });
      expect(await answer(eve, 'write', data)).toEqual(exception('insufficient-scope'));
    }
    expect(connections).toEqual(['chat']);
    eve.close();
  });

  it('an open connection is closed with the reason when its session is revoked', async () => {
    const client = connect(port, 'chat', issuer.token({ subject: 'ada', sessionId: 's1' }));
    expect(await answer(client, 'whoami', {})).toEqual({ event: 'whoami', data: 'ada' });
    await revoke('s1');
    expect(await answer(client, 'whoami', {})).toEqual(exception('invalid-token'));
    expect(await client.closed).toBe(unauthenticated);
  });

  it('a client renews its token on the open connection, which then lives as long as the new token', async () => {
    const client = connect(port, 'chat', issuer.token({ subject: 'ada', sessionId: 's2', lifetimeSeconds: 60 }));
    await until(() => connections.length > 0);
    const token = issuer.token({ subject: 'ada', sessionId: 's3', lifetimeSeconds: 120, scopes: ['chat:write'] });
    const renewed = await answer(client, 'postern:authenticate', { token });
    expect(renewed).toEqual({ event: 'postern:authenticated', data: { expiresAt: expect.any(Number) } });
    await revoke('s2');
    expect(await answer(client, 'write', 'text')).toEqual({ event: 'write', data: 'written' });

    for (const wrong of [{ token: issuer.token({ subject: 'eve' }) }, { token: 'x.y.z' }, undefined]) {
      expect(await answer(client, 'postern:authenticate', wrong)).toEqual(exception('invalid-token'));
    }
    expect(await answer(client, 'whoami', 'text')).toEqual({ event: 'whoami', data: 'ada' });
    await revoke('s3');
    expect(await client.closed).toBe(unauthenticated);
  });

  it('a connection may begin without a token if handleConnection allows it, and authenticate later', async () => {
    const client = connect(port, 'lobby');
    expect(await answer(client, 'optional', {})).toEqual({ event: 'optional', data: 'nobody' });
    expect(await answer(client, 'whoami', 'text')).toEqual(exception('invalid-token'));
    const token = issuer.token({ subject: 'ada' });
    expect(await answer(client, 'postern:authenticate', { token })).toMatchObject({ event: 'postern:authenticated' });
    expect(await answer(client, 'whoami', 'text')).toEqual({ event: 'whoami', data: 'ada' });
    expect(await answer(client, 'optional', 'text')).toEqual({ event: 'optional', data: 'ada' });
    expect(connections).toEqual(['lobby']);
    client.close();
  });

  it('an open connection is closed when its token expires', async () => {
    const client = connect(port, 'chat', issuer.token({ subject: 'ada', lifetimeSeconds: 60 }));
    await until(() => connections.length > 0);
    app.get<ManualClock>(Clock).advance(300);
    expect(await client.closed).toBe(unauthenticated);
  });
});
