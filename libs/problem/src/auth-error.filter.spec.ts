import { Controller, Get, Module } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ProblemModule } from './problem.module.js';
import { ServiceUnavailableError } from './problem.errors.js';
import { AuthErrorFilter } from './auth-error.filter.js';

@Controller()
class Doors {
  @Get('refused')
  refused(): never {
    throw new ServiceUnavailableError();
  }

  @Get('broken')
  broken(): never {
    throw new Error('private');
  }
}

@Module({ providers: [{ provide: APP_FILTER, useClass: AuthErrorFilter }] })
class LibModule {}

async function answers(imports: ModuleMetadata['imports']): Promise<{ refused: object; broken: object }> {
  const module = await Test.createTestingModule({ imports, controllers: [Doors] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  try {
    const url = await app.getUrl();
    const answer = async (path: string): Promise<object> => (await (await fetch(url + path)).json()) as object;
    return { refused: await answer('/refused'), broken: await answer('/broken') };
  } finally {
    await app.close();
  }
}

describe('AuthErrorFilter', () => {
  it('answers refusals where there is no ProblemModule, and leaves what else is thrown to the application', async () => {
    const { refused, broken } = await answers([LibModule]);
    expect(refused).toMatchObject({ status: 503, code: 'service-unavailable', type: 'about:blank' });
    expect(broken).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it.each([
    ['before', (problems: ReturnType<typeof ProblemModule.forRoot>) => [problems, LibModule]],
    ['after', (problems: ReturnType<typeof ProblemModule.forRoot>) => [LibModule, problems]],
  ])('answers as ProblemModule does where that stands %s it', async (_order, imports) => {
    const { refused, broken } = await answers(imports(ProblemModule.forRoot({ documentation: 'https://docs.test/' })));
    expect(refused).toMatchObject({ status: 503, type: 'https://docs.test/service-unavailable' });
    expect(broken).toMatchObject({ status: 500, type: 'https://docs.test/internal-error' });
  });
});
