import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { ConsoleLogger, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { createHttpAdapter, PosternModule } from 'postern';
import { AuthModule } from 'postern/auth';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { until } from '../../support/until.js';

class Lines extends ConsoleLogger {
  readonly lines: string[] = [];
  override warn(message: unknown): void {
    this.lines.push(String(message));
  }
  override error(message: unknown): void {
    this.lines.push(String(message));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

@Module({})
class ServiceModule {}

describe.each(['', '/auth'])('a service that spells its issuer in another way (path of the issuer: "%s")', (path) => {
  let database: TestDatabase;
  let app: INestApplication;
  let port: number;
  let issuer: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    port = await freePort();
    issuer = `http://localhost:${port}${path}`;
    const settings = { issuer, secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe', databaseUrl: database.url };
    app = await NestFactory.create(PosternModule.forRoot(settings), await createHttpAdapter('fastify'), {
      logger: false,
      abortOnError: false,
    });
    if (path !== '') app.setGlobalPrefix(path);
    await app.listen(port, '127.0.0.1');
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it.each<[string, (issuer: string) => string]>([
    ['a slash', (right) => `${right}/`],
    ['127.0.0.1 for localhost', (right) => right.replace('localhost', '127.0.0.1')],
    ['127.0.0.1 and a slash', (right) => `${right.replace('localhost', '127.0.0.1')}/`],
  ])('a service whose issuer has %s logs the issuer that answered and what to write', async (_, change) => {
    const wrong = change(issuer);
    const logger = new Lines('', { logLevels: [] });
    const auth = AuthModule.forRoot({
      issuer: wrong,
      audience: 'acme',
      revocations: { follow: true, token: 'any' },
    });
    const service = await Test.createTestingModule({ imports: [{ module: ServiceModule, imports: [auth] }] })
      .setLogger(logger)
      .compile();
    try {
      await service.init();
      await until(() => logger.lines.length >= 2);
      const sentence = `${wrong} calls itself "${issuer}": write exactly that as "issuer"`;
      expect(logger.lines.slice(0, 2)).toEqual([expect.stringContaining(sentence), expect.stringContaining(sentence)]);
    } finally {
      await service.close();
      Logger.overrideLogger(false);
    }
  });
});
