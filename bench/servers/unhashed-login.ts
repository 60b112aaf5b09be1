import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHttpAdapter, PosternModule } from 'postern';
import { PasswordHasher } from 'postern/password';

/** Accepts every password, so that a login costs everything but the hash. */
@Injectable()
class NoHasher extends PasswordHasher {
  async hash(): Promise<string> {
    return 'none';
  }
  async verify(): Promise<boolean> {
    return true;
  }
  needsRehash(): boolean {
    return false;
  }
}

const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, BENCH_LIMITS: limits } = process.env as Record<string, string>;

@Module({
  imports: [
    PosternModule.forRoot({
      issuer: 'http://localhost:3000',
      secret: 'kT3vQ9zLr7Wm2Xc8Yp5Nd1Hs6Bf4Gj0Ae',
      databaseUrl: databaseUrl!,
      redisUrl,
      hasher: NoHasher,
      ...(limits === 'off' && { limits: { accountNetwork: false, account: false, network: false } }),
    }),
  ],
})
class UnhashedLoginModule {}

const app = await NestFactory.create(UnhashedLoginModule, await createHttpAdapter('fastify'), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
process.stdout.write(`listens at ${await app.getUrl()}\n`);
