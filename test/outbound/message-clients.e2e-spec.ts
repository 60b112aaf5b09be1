import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  ClientKafka,
  ClientProxyFactory,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
  Transport,
} from '@nestjs/microservices';
import type { ClientOptions, ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom, of } from 'rxjs';
import { AuthModule } from 'postern/auth';
import { OutboundModule, ServiceClients, ServiceTokens } from 'postern/outbound';
import type { ServiceTokenRequest } from 'postern/outbound';
import { TestIssuer } from 'postern/testing/auth';
import { answers, transports } from '../transports/callers.js';
import { OrdersController, ReadablePolicy, received, run } from '../transports/orders.js';
import { until } from '../support/until.js';

const issuer = new TestIssuer('orders');

/** Tokens without an issuer. */
class SignedTokens extends ServiceTokens {
  override async get({ audience, scopes }: ServiceTokenRequest): Promise<string> {
    return issuer.token({ subject: 'gateway', scopes, claims: { aud: audience } });
  }
}

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port: tcpPort } = probe.address() as AddressInfo;
probe.close();

const all = await Promise.all(
  transports(tcpPort, 0)
    .filter(({ name }) => name !== 'gRPC')
    .map(async (transport) => ({ ...transport, isReady: await answers(transport.port) })),
);
const isPackets = (name: string): boolean => name === 'TCP' || name === 'Redis';
// No listener answers on the port of TCP yet: it is this test's own.
const ready = all.filter(({ isReady, port }) => isReady || port === undefined);
const absent = all
  .filter((transport) => !ready.includes(transport))
  .map(({ name, needs }) => `${name} (needs ${needs})`);
if (absent.length > 0 && process.env.CI === 'true') throw new Error(`No broker answers: ${absent.join(', ')}.`);

let app: INestApplication;
let clients: ServiceClients;

beforeAll(async () => {
  const testing = await Test.createTestingModule({
    imports: [
      AuthModule.forRoot(issuer.settings),
      OutboundModule.forRoot({
        services: { orders: { audience: 'orders', scopes: ['orders:cancel'] } },
        serviceTokens: SignedTokens,
      }),
    ],
    controllers: [OrdersController],
    providers: [ReadablePolicy],
  }).compile();
  app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
  for (const { options } of ready) app.connectMicroservice(options);
  await app.startAllMicroservices();
  await app.init();
  clients = app.get(ServiceClients);
});
afterAll(() => app.close());

for (const name of absent) {
  // oxlint-disable-next-line jest/no-disabled-tests -- the name states what it needs
  it.skip(`messages over ${name} have tokens`, () => undefined);
}

/** The data with another token where the transport has it, which the client must replace. */
function withOtherToken(name: string, data: object): object {
  const authorization = 'Bearer of.another.party';
  if (name === 'NATS') {
    const headers = natsHeaders();
    headers.set('Authorization', authorization);
    headers.set('trace', '1');
    return new NatsRecordBuilder(data).setHeaders(headers).build();
  }
  if (name === 'RabbitMQ') return new RmqRecordBuilder(data).setOptions({ headers: { authorization } }).build();
  if (name === 'MQTT') {
    return new MqttRecordBuilder(data).setQoS(1).setProperties({ userProperties: { authorization } }).build();
  }
  return data;
}

describe.each(ready)('a client with tokens over $name', ({ name, options }) => {
  let proxy: ClientProxy;
  let client: ClientProxy;

  beforeAll(async () => {
    proxy = ClientProxyFactory.create(options as ClientOptions & { transport: Transport.TCP });
    client = clients.withTokens(proxy, { service: 'orders' });
    await client.connect();
  });
  afterAll(async () => void (await client.close()));

  it('requests and events reach a guarded handler as the service, also with a record that has another token', async () => {
    for (const data of [{ id: '1' }, withOtherToken(name, { id: '1' })]) {
      expect(await lastValueFrom(client.send(`${run}.cancel`, data))).toEqual({ text: 'cancelled by gateway' });
    }
    // No subscriber waits for the result.
    client.emit(`${run}.placed`, { id: name });
    await until(() => received.includes(`${name} placed by gateway`));
  });

  if (!isPackets(name)) return;

  it('the dispatch hook of the team runs, too, and the raw client sends no token', async () => {
    const seen: unknown[] = [];
    client.setOnDispatchHook(({ data }) => seen.push(data));
    await lastValueFrom(client.send(`${run}.show`, { id: '2' }));
    expect(seen).toEqual([{ id: '2' }]);
    await expect(lastValueFrom(proxy.send(`${run}.show`, { id: '3' }))).rejects.toMatchObject({
      code: 'invalid-token',
    });
  });
});

describe('ServiceClients', () => {
  it('a message of Kafka has the token as a header, and keeps its key and its other headers', async () => {
    // A client without a broker: Kafka has none in this test.
    const sent: unknown[] = [];
    const kafka = Object.assign(Object.create(ClientKafka.prototype) as ClientKafka, {
      send: (_pattern: unknown, data: unknown) => of(sent.push(data)),
    });
    const client = clients.withTokens(kafka, { service: 'orders' });
    await lastValueFrom(client.send('cancel', { id: '1' }));
    const headers = { Authorization: 'Bearer of.another.party', trace: '1' };
    await lastValueFrom(client.send('cancel', { key: 'ada', value: { id: '1' }, headers }));
    const authorization = expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/) as string;
    expect(sent).toEqual([
      { value: { id: '1' }, headers: { authorization } },
      { key: 'ada', value: { id: '1' }, headers: { trace: '1', authorization } },
    ]);
  });

  it('an unknown service fails at once, and an unknown transport at the first message', async () => {
    const proxy = ClientProxyFactory.create({ transport: Transport.TCP });
    expect(() => clients.withTokens(proxy, { service: 'billing' })).toThrow(
      'OutboundModule: the settings have no service "billing"; there are: orders.',
    );
    class PigeonClient {
      readonly send = of;
    }
    const pigeon = clients.withTokens(new PigeonClient(), { service: 'orders' });
    await expect(lastValueFrom(pigeon.send('a', 'b'))).rejects.toThrow('does not know the transport of PigeonClient');
  });
});
