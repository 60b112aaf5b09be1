import type { INestApplication } from '@nestjs/common';
import { ServerKafka } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AuthModule } from 'postern/auth';
import { TestIssuer } from 'postern/testing/auth';
import { OrdersController, ReadablePolicy, received, run } from './orders.js';

const issuer = new TestIssuer('orders');

interface Reply {
  readonly err?: unknown;
  readonly response?: unknown;
}

/** Nest's server of Kafka without its broker, for which no package exists that installs without a compiler. */
class BrokerlessKafka extends ServerKafka {
  readonly replies: Reply[] = [];

  override listen(callback: (error?: unknown) => void): Promise<void> {
    callback();
    return Promise.resolve();
  }

  override sendMessage(message: Reply): Promise<never[]> {
    this.replies.push(message);
    return Promise.resolve([]);
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  /** Delivers a message as `kafkajs` does. The promise is rejected if Kafka would deliver the message again. */
  deliver(name: string, headers: Record<string, string | string[]>): Promise<unknown> {
    const bytes = Object.entries(headers).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map((each) => Buffer.from(each)) : Buffer.from(value),
    ]);
    const message = { key: null, value: Buffer.from('{"id":"1"}'), headers: Object.fromEntries(bytes) as object };
    const payload = { topic: `${run}.${name}`, partition: 0, message, heartbeat: () => Promise.resolve() };
    return this.handleMessage(payload as unknown as Parameters<ServerKafka['handleMessage']>[0]);
  }

  async request(name: string, headers: Record<string, string | string[]> = {}): Promise<Reply | undefined> {
    await this.deliver(name, { ...headers, kafka_correlationId: '7', kafka_replyTopic: 'replies' });
    await new Promise((resolve) => setImmediate(resolve));
    return this.replies.splice(0)[0];
  }
}

describe('a message over Kafka', () => {
  const kafka = new BrokerlessKafka({});
  const authorization = `Bearer ${issuer.token({ subject: 'ada' })}`;
  const rejected = (code: string) => ({ err: expect.objectContaining({ code }) as unknown });
  let app: INestApplication;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot(issuer.settings)],
      controllers: [OrdersController],
      providers: [ReadablePolicy],
    }).compile();
    app = testing.createNestApplication(new FastifyAdapter(), { logger: false });
    app.connectMicroservice({ strategy: kafka });
    await app.startAllMicroservices();
    await app.init();
  });
  afterAll(() => app.close());

  it('a request over Kafka is guarded by the token of its header', async () => {
    expect(await kafka.request('show', { authorization })).toMatchObject({ response: { text: 'ada' } });
    expect(await kafka.request('show', { Authorization: authorization })).toMatchObject({ response: { text: 'ada' } });
    expect(await kafka.request('show')).toMatchObject(rejected('invalid-token'));
    expect(await kafka.request('show', { authorization: [authorization, 'Bearer x'] })).toMatchObject(
      rejected('invalid-token'),
    );
    expect(await kafka.request('cancel', { authorization })).toMatchObject(rejected('permission-missing'));
  });

  it('a rejected event over Kafka is dropped, and Kafka does not deliver it again', async () => {
    await expect(kafka.deliver('placed', {})).resolves.toBeUndefined();
    expect(received).toEqual([]);
    await kafka.deliver('placed', { authorization });
    expect(received).toEqual(['1 placed by ada']);
  });
});
