import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { answers } from '../transports/callers.js';
import { AuthorizationServer } from './authorization-server.js';
import { grpc, nats, shop } from './shop.js';

/*
 * client → gateway → orders (HTTP) → billing (NATS) → ledger (gRPC). Billing and ledger are connected to hybrid
 * applications without `inheritAppConfig`, where Nest applies no global interceptor.
 */

const NATS_PORT = 4222;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const hasNats = await answers(NATS_PORT);
if (!hasNats && process.env.CI === 'true') throw new Error('No broker answers: NATS (needs nats-server on port 4222).');

// oxlint-disable-next-line jest/no-disabled-tests -- the name states what it needs
(hasNats ? describe : describe.skip)('a chain over HTTP, NATS (needs nats-server on port 4222), and gRPC', () => {
  let server: AuthorizationServer;
  let url: string;
  const running: INestApplication[] = [];
  const userToken = (audience: string[]): string =>
    server.issuer.token({ subject: 'ada', sessionId: 's1', claims: { aud: audience } });
  const get = async (path: string, token: string): Promise<unknown> =>
    (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();

  beforeAll(async () => {
    server = await AuthorizationServer.start();
    const [ordersPort, grpcPort] = [await freePort(), await freePort()];
    const ledgerUrl = `127.0.0.1:${grpcPort}`;
    const modules = shop({
      auth: (audience) => ({ ...server.issuer.settings, audience }),
      outbound: { issuer: server.url },
      ordersUrl: `http://127.0.0.1:${ordersPort}`,
      ledgerUrl,
    });
    for (const [name, module] of Object.entries(modules)) {
      const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false, abortOnError: false });
      running.push(app);
      if (name === 'billing') app.connectMicroservice(nats);
      if (name === 'ledger') app.connectMicroservice(grpc(ledgerUrl));
      await app.startAllMicroservices();
      await app.listen(name === 'orders' ? ordersPort : 0, '127.0.0.1');
      if (name === 'gateway') url = await app.getUrl();
    }
  });
  afterAll(async () => {
    await Promise.all(running.map((app) => app.close()));
    await server.stop();
  });

  it('calls for the user have the same subject at each hop', async () => {
    const token = userToken(['gateway', 'orders', 'billing', 'ledger']);
    const hops = ['gateway: ada', 'orders: ada', 'billing: ada', 'ledger: ada'];
    expect(await get('/orders?as=user', token)).toEqual(hops);
    // Concurrent requests of two users do not mix.
    const bert = server.issuer.token({ subject: 'bert', claims: { aud: ['gateway', 'orders', 'billing', 'ledger'] } });
    const both = await Promise.all([token, bert, token, bert].map((each) => get('/orders?as=user', each)));
    const ofBert = hops.map((hop) => hop.replace('ada', 'bert'));
    expect(both).toEqual([hops, ofBert, hops, ofBert]);
    expect(server.requests).toEqual([]);
  });

  it('calls as the service have the subject of the calling service at each hop', async () => {
    const hops = ['gateway: ada', 'orders: gateway', 'billing: orders', 'ledger: billing'];
    expect(await get('/orders?as=service', userToken(['gateway']))).toEqual(hops);
    expect(await get('/orders?as=service', userToken(['gateway']))).toEqual(hops);
    expect(server.requests.map(({ form }) => form.audience)).toEqual(['orders', 'billing', 'ledger']);
  });

  it('the token of a user is not sent to a service that is not in its audience', async () => {
    expect(await get('/orders?as=user', userToken(['gateway']))).toMatchObject({
      code: 'caller-token-audience',
      status: 403,
      detail: 'Missing in "aud": orders.',
    });
    // The next hop answers with the same error.
    const [, answer] = (await get('/orders?as=user', userToken(['gateway', 'orders']))) as string[];
    expect(JSON.parse(answer!)).toMatchObject({ code: 'caller-token-audience', detail: 'Missing in "aud": billing.' });
  });

  it('an observable of a handler calls for the user, although Nest subscribes to it when the handler has returned', async () => {
    expect(await get('/lazy', userToken(['gateway', 'orders']))).toBe(200);
  });

  it('a public handler has no token of a user to forward', async () => {
    const token = userToken(['gateway', 'orders']);
    expect(await get('/open', token)).toMatchObject({ code: 'caller-token-missing', status: 401 });
  });
});
