import { jest } from '@jest/globals';
import { ApolloDriver } from '@nestjs/apollo';
import type { INestApplication } from '@nestjs/common';
import { GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  AuthModule,
  Clock,
  CurrentPrincipal,
  Policy,
  RequireScopes,
  RevocationPublisher,
  UsePolicy,
} from 'postern/auth';
import type { PolicyContext, Principal } from 'postern/auth';
import { ManualClock, TestIssuer } from 'postern/testing/auth';
import { until } from '../support/until.js';

// Mercurius requires it for its user interface, and Jest cannot require its ESM dependency on Node 20.
jest.mock('@fastify/static', () => () => undefined);
const { MercuriusDriver } = await import('@nestjs/mercurius');

const issuer = new TestIssuer('orders');

/** Counts until its consumer stops. */
const ticking = { stopped: 0 };

async function* ticks(): AsyncGenerator<{ ticks: string }> {
  try {
    for (let at = 0; ; at += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield { ticks: `${at}` };
    }
  } finally {
    ticking.stopped += 1;
  }
}

class NoSecretPolicy extends Policy {
  override may(_principal: Principal, { params }: PolicyContext): boolean {
    return params['id'] !== 'secret';
  }
}

@Resolver()
class OrdersResolver {
  @Query(() => String)
  whoami(@CurrentPrincipal() { subject }: Principal): string {
    return subject;
  }

  @RequireScopes('orders:write')
  @Mutation(() => String)
  place(@CurrentPrincipal() { subject }: Principal): string {
    return `placed by ${subject}`;
  }

  @Subscription(() => String)
  ticks(): AsyncGenerator<{ ticks: string }> {
    return ticks();
  }

  @RequireScopes('orders:read')
  @UsePolicy(NoSecretPolicy)
  @Subscription(() => String, { resolve: ({ ticks: at }: { ticks: string }) => at })
  scoped(): AsyncGenerator<{ ticks: string }> {
    return ticks();
  }
}

const apollo = GraphQLModule.forRoot({
  driver: ApolloDriver,
  autoSchemaFile: true,
  subscriptions: { 'graphql-ws': true },
});
const mercurius = GraphQLModule.forRoot({
  driver: MercuriusDriver,
  autoSchemaFile: true,
  subscription: true,
});

describe.each([
  { name: 'Apollo', module: apollo, closed: 4401, adapter: () => new ExpressAdapter() },
  // Its contexts have no WebSocket, so the connection below it ends.
  { name: 'Mercurius', module: mercurius, closed: 1006, adapter: () => new FastifyAdapter() },
])('GraphQL on $name', ({ name, module, closed, adapter }) => {
  let app: INestApplication;
  let url: string;
  const clients: Client[] = [];

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...issuer.settings, clock: ManualClock }), module],
      providers: [OrdersResolver, NoSecretPolicy],
    }).compile();
    app = testing.createNestApplication(adapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/graphql`;
  });
  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await app.close();
  });

  async function ask(query: string, token?: string) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return (await response.json()) as { data: unknown; errors?: { extensions?: object }[] };
  }

  interface Subscribed {
    readonly values: unknown[];
    readonly ended: Promise<unknown>;
  }

  function subscribe(field: string, token?: string): Subscribed {
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(token && { connectionParams: { authorization: `Bearer ${token}` } }),
    });
    clients.push(client);
    const values: unknown[] = [];
    const ended = new Promise<unknown>((resolve) => {
      client.subscribe(
        { query: `subscription { ${field} }` },
        {
          next: ({ data, errors }) => (errors ? resolve(errors) : values.push(data)),
          error: resolve,
          complete: () => resolve('completed'),
        },
      );
    });
    return { values, ended };
  }

  it('queries and mutations are guarded, and the error has the problem as its extensions', async () => {
    const token = issuer.token({ subject: 'ada' });
    expect(await ask('{ whoami }', token)).toEqual({ data: { whoami: 'ada' } });
    const rejections = [await ask('{ whoami }'), await ask('mutation { place }', token)];
    expect(rejections.map(({ data }) => data)).toEqual([null, null]);
    expect(rejections.map(({ errors }) => errors?.[0]?.extensions)).toEqual([
      expect.objectContaining({ code: 'invalid-token', status: 401 }),
      expect.objectContaining({ code: 'insufficient-scope', status: 403 }),
    ]);
  });

  it.each([
    ['no token', undefined, 'ticks', 'invalid-token'],
    ['an expired token', issuer.token({ subject: 'ada', lifetimeSeconds: -60 }), 'ticks', 'invalid-token'],
    ['a token without the scope', issuer.token({ subject: 'ada' }), 'scoped', 'insufficient-scope'],
  ])('a subscription with %s is rejected', async (_what, token, field, code) => {
    const { values, ended } = subscribe(field, token);
    expect(await ended).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code }) })]);
    expect(values).toEqual([]);
  });

  it('a subscription ends with its connection when its session is revoked', async () => {
    const { stopped } = ticking;
    const { values, ended } = subscribe('ticks', issuer.token({ subject: 'ada', sessionId: name }));
    await until(() => values.length > 2);
    const expiresAt = Date.now() / 1000 + 300;
    await app.get(RevocationPublisher).publish({ kind: 'session', target: name, reason: 'logout', expiresAt });
    expect(await ended).toMatchObject({ code: closed });
    await until(() => ticking.stopped > stopped);
  });

  it('a subscription ends when its token expires', async () => {
    const { values, ended } = subscribe('ticks', issuer.token({ subject: 'ada', lifetimeSeconds: 60 }));
    await until(() => values.length > 2);
    app.get<ManualClock>(Clock).advance(300);
    expect(await ended).toMatchObject({ code: closed });
  });
});
