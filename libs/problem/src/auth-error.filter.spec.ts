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
class SampleController {
  @Get('rejected')
  rejected(): never {
    throw new ServiceUnavailableError();
  }

  @Get('broken')
  broken(): never {
    throw new Error('private');
  }
}

@Module({ providers: [{ provide: APP_FILTER, useClass: AuthErrorFilter }] })
class LibModule {}

async function answers(imports: ModuleMetadata['imports']): Promise<{ rejected: object; broken: object }> {
  const module = await Test.createTestingModule({ imports, controllers: [SampleController] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  try {
    const url = await app.getUrl();
    const answer = async (path: string): Promise<object> => (await (await fetch(url + path)).json()) as object;
    return { rejected: await answer('/rejected'), broken: await answer('/broken') };
  } finally {
    await app.close();
  }
}

describe('AuthErrorFilter', () => {
  it('AuthErrorFilter sends an AuthError as a problem without ProblemModule, and leaves other errors to the application', async () => {
    const { rejected, broken } = await answers([LibModule]);
    expect(rejected).toMatchObject({ status: 503, code: 'service-unavailable', type: 'about:blank' });
    expect(broken).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it.each([
    ['before', (problems: ReturnType<typeof ProblemModule.forRoot>) => [problems, LibModule]],
    ['after', (problems: ReturnType<typeof ProblemModule.forRoot>) => [LibModule, problems]],
  ])('AuthErrorFilter uses the settings of a ProblemModule that is imported %s it', async (_order, imports) => {
    const { rejected, broken } = await answers(imports(ProblemModule.forRoot({ documentation: 'https://docs.test/' })));
    expect(rejected).toMatchObject({ status: 503, type: 'https://docs.test/service-unavailable' });
    expect(broken).toMatchObject({ status: 500, type: 'https://docs.test/internal-error' });
  });
});
