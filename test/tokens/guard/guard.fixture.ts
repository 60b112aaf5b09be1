import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { request as send } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AuthModule,
  Clock,
  CurrentPrincipal,
  CurrentUser,
  JwtAuthGuard,
  PrincipalMapper,
  Public,
  RequireScopes,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { byEs, compact, goodClaims, goodHeader, makeWorld } from '../hostile-tokens/index.js';

export const START = Math.floor(Date.UTC(2030, 5, 1) / 1000);
export const world = makeWorld('http://127.0.0.1:9', START);
/** The time of the clock in seconds; a test sets it. */
export const time = { now: START };

class HandSetClock extends Clock {
  override now(): number {
    return time.now * 1000;
  }
}

/** The number of calls of `EmployeeMapper`. */
export const mapper = { calls: 0 };

export interface Employee {
  readonly id: string;
  readonly costCentre: string;
}

/** A lazy thenable like the queries of Prisma and Knex. */
const queryOf = (found: Employee | undefined): PromiseLike<Employee | undefined> => ({
  // oxlint-disable-next-line unicorn/no-thenable -- such a thing is what the guard has to wait for
  then: (resolve, reject) => Promise.resolve(found).then(resolve, reject),
});

@Injectable()
export class EmployeeMapper extends PrincipalMapper<Employee> {
  override map({ subject }: Principal): Employee | undefined | PromiseLike<Employee | undefined> {
    mapper.calls += 1;
    if (subject === 'asked') return queryOf({ id: subject, costCentre: 'CC-3' });
    if (subject === 'dismissed') return queryOf(undefined);
    if (subject === 'nobody') return undefined;
    if (subject === 'slow') return Promise.resolve({ id: subject, costCentre: 'CC-2' });
    if (subject === 'broken') throw new Error('the directory is down');
    return { id: subject, costCentre: 'CC-1' };
  }
}

@Controller('orders')
export class OrdersController {
  @Get()
  all(@CurrentUser<Employee>() user: Employee, @CurrentUser<Employee>('costCentre') costCentre: string): unknown {
    return { user, costCentre };
  }

  @Get('principal')
  principal(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }

  @Public()
  @Get('prices')
  prices(@CurrentUser() user: unknown): unknown {
    return { user: user ?? null };
  }

  @RequireScopes('orders:write', 'orders:admin')
  @Get('audit')
  audit(): string {
    return 'audit';
  }

  @Get('a/:id')
  one(): string {
    return 'one';
  }
}

@Public()
@Controller('open')
export class OpenController {
  @Get()
  open(): string {
    return 'open';
  }

  @RequireScopes('orders:read')
  @Get('shut')
  shut(): string {
    return 'shut';
  }
}

@RequireScopes('orders:read')
@UseGuards(JwtAuthGuard)
@Controller('twice')
export class TwiceController {
  @Get()
  once(): string {
    return 'once';
  }

  @RequireScopes('orders:write')
  @Get('both')
  both(): string {
    return 'both';
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }
}

export const settings = {
  issuer: world.issuer,
  audience: world.audience,
  staticKeys: [world.es, world.rs].map(({ kid, publicKey }) => ({
    kid,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })),
  clock: HandSetClock,
};

export const tokenWith = (more: object = {}): string =>
  compact(goodHeader(world), { ...goodClaims(world), ...more }, byEs(world.es));

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export async function ask(
  application: INestApplication,
  path: string,
  headers: Record<string, string> | string[] = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
  const outgoing = send({ host: '127.0.0.1', port, path, method, headers });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return { status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

export const handler = (controller: Type<object>, name: string): (() => unknown) =>
  (controller.prototype as Record<string, () => unknown>)[name]!;

export const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

export const ADAPTERS = Object.keys(adapters) as (keyof typeof adapters)[];

/** Returns a function that starts an application on the adapter. */
export const startOn =
  (adapter: keyof typeof adapters) =>
  async (
    extra: Parameters<typeof AuthModule.forRoot>[0],
    controllers: Type[] = [OrdersController, OpenController, TwiceController],
    prepare: (application: INestApplication) => unknown = () => undefined,
  ): Promise<INestApplication> => {
    const testing = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot(extra)],
      controllers,
    }).compile();
    const started = testing.createNestApplication(adapters[adapter](), { logger: false });
    prepare(started);
    await started.listen(0, '127.0.0.1');
    return started;
  };
