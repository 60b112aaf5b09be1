import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { from, lastValueFrom } from 'rxjs';
import { AuthModule, RevocationPublisher } from 'postern/auth';
import { TestIssuer } from 'postern/testing/auth';
import { answers, grpcService, metadataWith, problemIn, transports } from './callers.js';
import { GrpcOrdersController, OrdersController, ReadablePolicy, received } from './orders.js';
import { until } from '../support/until.js';
import type { Caller } from './callers.js';

const issuer = new TestIssuer('orders');
const bearer = (claims: Partial<Parameters<typeof issuer.token>[0]> = {}): string =>
  `Bearer ${issuer.token({ subject: 'ada', ...claims })}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const [tcpPort, grpcPort] = [await freePort(), await freePort()];
const all = await Promise.all(
  transports(tcpPort, grpcPort).map(async (transport) => ({ ...transport, isReady: await answers(transport.port) })),
);
const ready = all.filter(({ isReady }) => isReady);
const absent = all
  .filter(({ isReady }) => !isReady)
  .map(({ name, port, needs }) => `${name} (needs ${needs} on port ${port})`);
if (absent.length > 0 && process.env.CI === 'true') throw new Error(`No broker answers: ${absent.join(', ')}.`);

let app: INestApplication;
const rejection = (code: string, status: number) =>
  expect.objectContaining({
    code,
    status,
    title: expect.any(String),
    instance: expect.stringMatching(/^urn:request:/),
  });

async function revoke(sessionId: string): Promise<void> {
  const expiresAt = Date.now() / 1000 + 300;
  await app.get(RevocationPublisher).publish({ kind: 'session', target: sessionId, reason: 'logout', expiresAt });
}

beforeAll(async () => {
  const testing = await Test.createTestingModule({
    imports: [AuthModule.forRoot(issuer.settings)],
    controllers: [OrdersController, GrpcOrdersController],
    providers: [ReadablePolicy],
  }).compile();
  app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
  // `inheritAppConfig` is forgotten, so Nest applies no global guard.
  for (const { options } of ready) app.connectMicroservice(options);
  await app.startAllMicroservices();
  await app.init();
});
afterAll(() => app.close());

for (const name of absent) {
  // oxlint-disable-next-line jest/no-disabled-tests -- the name states what it needs
  it.skip(`messages over ${name} are guarded`, () => undefined);
}

describe.each(ready)('a message over $name', ({ name, connect }) => {
  let caller: Caller;
  const failure = (...message: Parameters<Caller['request']>): Promise<unknown> =>
    caller.request(...message).then(
      (answer) => ({ answer }),
      (error: unknown) => problemIn(error),
    );

  beforeAll(async () => {
    caller = await connect();
  });
  afterAll(() => caller.close());

  it('a request with a valid token reaches its handler with the principal, and policies read its data', async () => {
    expect(await caller.request('show', { id: '1' }, bearer())).toEqual({ text: 'ada' });
    expect(await failure('show', { id: 'secret' }, bearer())).toEqual(rejection('policy-denied', 403));
  });

  it.each([
    ['no token', undefined, 'invalid-token', 401],
    ['an expired token', bearer({ lifetimeSeconds: -60 }), 'invalid-token', 401],
    ['a token for another audience', bearer({ claims: { aud: 'billing' } }), 'invalid-token', 401],
    ['another scheme', 'Basic YTpi', 'invalid-token', 401],
    ['a token without the permission', bearer(), 'permission-missing', 403],
  ])('a request and an event with %s are rejected, and the problem says why', async (_what, token, code, status) => {
    const problem = await failure('cancel', { id: '1' }, token);
    expect(problem).toEqual(rejection(code, status));
    if (name === 'gRPC') expect(problem).toMatchObject({ grpc: status === 401 ? 16 : 7 });
    await caller.emit?.('cancelled', { id: `${name} ${code}` }, token);
    await caller.emit?.('cancelled', { id: `${name} after ${code}` }, bearer({ scopes: ['orders:cancel'] }));
    if (caller.emit) await until(() => received.includes(`${name} after ${code} cancelled by ada`));
    expect(received).not.toContain(`${name} ${code} cancelled by ada`);
    received.length = 0;
  });

  it('a token with the permission is accepted', async () => {
    const token = bearer({ scopes: ['orders:cancel'] });
    expect(await caller.request('cancel', { id: '1' }, token)).toEqual({ text: 'cancelled by ada' });
    await caller.emit?.('placed', { id: name }, token);
    if (caller.emit) await until(() => received.includes(`${name} placed by ada`));
  });

  it('a token that is revoked after the client has connected is rejected, and the stream that it has opened ends', async () => {
    const token = bearer({ sessionId: `of ${name}` });
    expect(await caller.request('show', { id: '1' }, token)).toEqual({ text: 'ada' });
    const answered: unknown[] = [];
    const ended = new Promise<unknown>((resolve) => {
      caller.stream('follow', { id: '1' }, token).subscribe({
        next: (value) => answered.push(value),
        error: (error: unknown) => resolve(problemIn(error)),
        complete: () => resolve('completed'),
      });
    });
    await until(() => answered.length > 1);
    await revoke(`of ${name}`);
    expect(await failure('show', { id: '1' }, token)).toEqual(rejection('invalid-token', 401));
    expect(await ended).toEqual(rejection('invalid-token', 401));
  });

  if (name === 'gRPC') return;

  it('a public handler needs no token, and an optional one rejects an invalid token', async () => {
    expect(await caller.request('open', { id: '1' }, bearer())).toEqual({ text: 'anonymous' });
    expect(await caller.request('optional', { id: '1' })).toEqual({ text: 'anonymous' });
    expect(await caller.request('optional', { id: '1' }, bearer())).toEqual({ text: 'ada' });
    expect(await failure('optional', { id: '1' }, 'Bearer x.y.z')).toEqual(rejection('invalid-token', 401));
  });
});

describe('streams of gRPC', () => {
  it('calls with streams of requests are guarded, also a handler that owns its call', async () => {
    const { service, close } = grpcService(`127.0.0.1:${grpcPort}`);
    const send = (method: string, token?: string): Promise<unknown> =>
      lastValueFrom(service[method]!(from([{ id: 'a' }, { id: 'b' }]), metadataWith(token))).catch((error: unknown) =>
        problemIn(error),
      );
    expect(await send('talk', bearer())).toEqual({ text: 'b' });
    expect(await send('collect', bearer())).toEqual({ text: 'a,b' });
    for (const method of ['talk', 'collect']) {
      expect(await send(method)).toEqual(expect.objectContaining({ code: 'invalid-token', grpc: 16 }));
    }
    close();
  });
});
