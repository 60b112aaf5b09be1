import 'reflect-metadata';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHttpAdapter, PosternModule } from 'postern';
import { Public } from 'postern/auth';
import { AccessTokens } from 'postern/tokens';
import './bench.permissions.js';

/**
 * Issues service tokens without client authentication: the bench has no clients, and the process listens on loopback
 * only.
 */
@Controller('bench')
class BenchTokensController {
  constructor(private readonly tokens: AccessTokens) {}

  @Public()
  @Get('tokens')
  async issue(@Query('scope') scope = 'bench', @Query('count') count = '1'): Promise<string[]> {
    const issuing = Array.from({ length: Number(count) }, () =>
      this.tokens.issue({ subject: 'bench', scopes: scope.split(' ') }),
    );
    return (await Promise.all(issuing)).map(({ token }) => token);
  }
}

const { PORT, BENCH_ISSUER: issuer, DATABASE_URL: databaseUrl } = process.env as Record<string, string>;

@Module({
  imports: [
    PosternModule.forRoot({
      issuer: issuer!,
      secret: 'kT3vQ9zLr7Wm2Xc8Yp5Nd1Hs6Bf4Gj0Ae',
      databaseUrl: databaseUrl!,
      production: true,
      // Keys are cached for one second instead of five minutes, so that ten rotations fit into minutes.
      tokens: { jwksCacheSeconds: 1 },
      sessions: { longestTokenLifetimeSeconds: 900 },
    }),
  ],
  controllers: [BenchTokensController],
})
class IssuerModule {}

const app = await NestFactory.create(IssuerModule, await createHttpAdapter('fastify'), { logger: ['error'] });
await app.listen(Number(PORT), '127.0.0.1');
process.stdout.write(`listens at ${await app.getUrl()}\n`);
