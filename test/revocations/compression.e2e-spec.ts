import fastifyCompress from '@fastify/compress';
import compression from 'compression';
import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { until } from '../support/until.js';
import { audience, FeedStream, startReplica, startResource } from './cluster.js';
import type { Replica, Resource } from './cluster.js';

const compress = {
  express: (app: INestApplication) => void app.use(compression({ threshold: 0 })),
  fastify: async (app: INestApplication) => {
    await (app as NestFastifyApplication).register(fastifyCompress, { threshold: 0 });
  },
};

describe.each(['express', 'fastify'] as const)('the revocation feed of a compressing server, on %s', (adapter) => {
  let database: TestDatabase;
  let replica: Replica;
  let resource: Resource;

  beforeAll(async () => {
    database = await createTestDatabase();
    replica = await startReplica(database.url, 'https://id.example.test', { adapter, prepare: compress[adapter] });
  });
  afterEach(() => resource?.close());
  afterAll(async () => {
    await replica?.app.close();
    await database?.drop();
  });

  const followed = async (transport: 'sse' | 'poll'): Promise<Resource> => {
    resource = await startResource({
      issuer: 'https://id.example.test',
      audience,
      jwks: { uri: `${replica.url}/.well-known/jwks.json`, allowInsecure: true },
      revocations: {
        follow: true,
        transport,
        uri: `${replica.url}/auth/revocations`,
        token: () => replica.serviceToken(),
      },
    });
    return resource;
  };

  it('the server compresses its other responses', async () => {
    const answer = await fetch(`${replica.url}/.well-known/jwks.json`, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
  });

  it('a client that accepts gzip gets each event at once and uncompressed, by stream and by poll', async () => {
    const token = await replica.serviceToken();
    const headers = { 'accept-encoding': 'gzip, deflate, br' };
    const stream = await FeedStream.open(replica.url, token, headers);
    await until(() => stream.of('position').length >= 2, 5000);
    expect(stream.response.headers).toMatchObject({ 'cache-control': 'no-store, no-transform' });
    expect(stream.response.headers).not.toHaveProperty('content-encoding');
    stream.leave();
    const page = await fetch(`${replica.url}/auth/revocations`, {
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    expect([page.headers.get('cache-control'), page.headers.get('content-encoding')]).toEqual([
      'no-store, no-transform',
      null,
    ]);
    expect(await page.json()).toMatchObject({ reset: true });
  });

  it.each(['sse', 'poll'] as const)('a follower by %s knows the revocations', async (transport) => {
    const service = await followed(transport);
    const { token, sessionId } = await replica.signIn();
    expect(await service.status(token)).toBe(200);
    await replica.app.get(SessionsService).revoke(sessionId, 'logout');
    await until(async () => (await service.status(token)) === 401, 3000);
  });
});
