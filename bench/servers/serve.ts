import { Controller, Get, Module } from '@nestjs/common';
import type { INestApplication, Type, DynamicModule, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AbstractHttpAdapter } from '@nestjs/core';

const ANSWER = { hello: 'world' };

/** The route of every contender; contenders differ only in the guard. */
@Controller('hello')
export class HelloController {
  @Get()
  hello(): object {
    return ANSWER;
  }
}

@Module({})
class BenchModule {}

/** A module with the route and the guard of the contender. */
export function helloModule(metadata: ModuleMetadata, controller: Type = HelloController): DynamicModule {
  return { module: BenchModule, ...metadata, controllers: [controller] };
}

/** Listens on a free port and prints the URL for `startChild`. */
export async function serve(
  module: DynamicModule,
  adapter: AbstractHttpAdapter = new FastifyAdapter(),
): Promise<INestApplication> {
  const app = await NestFactory.create(module, adapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`listens at ${await app.getUrl()}\n`);
  return app;
}
