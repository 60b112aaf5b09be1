import { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { createHttpAdapter, hardenHttp, PosternModule } from 'postern';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';

const settings = { corsOrigins: ['https://app.example.test'] };
const account = { email: 'ada@example.com', password: 'seven small boats at noon' };

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
}

/** Calls the application as a serverless host does: with objects that no server has made. */
async function invoke(app: INestApplication, { method, url, headers = {}, body }: Call): Promise<Answer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const complete = {
    host: 'id.example.test',
    ...headers,
    ...(body && { 'content-type': 'application/json', 'content-length': String(payload.length) }),
  };
  const instance = app.getHttpAdapter().getInstance() as FastifyInstance | RequestListener;
  // `inject()` of Fastify, which most hosts call, calls `routing()` with such objects.
  const listener = typeof instance === 'function' ? instance : instance.routing.bind(instance);
  // As the package @codegenie/serverless-express makes them.
  const socket = { remoteAddress: '203.0.113.7', encrypted: true, destroy: () => undefined, end: () => undefined };
  const request = Object.assign(new IncomingMessage(socket as unknown as Socket), {
    method,
    url,
    headers: complete,
    httpVersion: '1.1',
    complete: true,
  });
  request.push(payload);
  request.push(null);
  const response = new ServerResponse(request);
  const ended = new Promise<void>((resolve) => {
    const end = response.end.bind(response) as (...rest: unknown[]) => unknown;
    Object.assign(response, {
      end: (...rest: unknown[]) => {
        resolve();
        return end(...rest);
      },
    });
  });
  listener(request, response);
  await ended;
  return { status: response.statusCode, headers: response.getHeaders() };
}

const adapters: [string, () => Promise<INestApplication>][] = [];
let database: TestDatabase;
const module = () =>
  PosternModule.forRoot({
    issuer: 'https://id.example.test',
    secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
    databaseUrl: database.url,
  });
for (const kind of ['express', 'fastify'] as const) {
  adapters.push([
    `${kind} of createHttpAdapter`,
    async () => NestFactory.create(module(), await createHttpAdapter(kind, settings), { logger: false }),
  ]);
  adapters.push([
    `${kind} with hardenHttp`,
    async () => {
      const plain = kind === 'express' ? new ExpressAdapter() : new FastifyAdapter();
      const app = await NestFactory.create(module(), plain, { logger: false });
      await hardenHttp(app, settings);
      return app;
    },
  ]);
}

describe.each(adapters)('an application without a socket, on %s', (name, create) => {
  let app: INestApplication;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await create();
    await app.init();
    const instance = app.getHttpAdapter().getInstance() as { ready?: () => Promise<void> };
    await instance.ready?.();
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const headers = { origin: 'https://app.example.test' };
  const expected = {
    'access-control-allow-origin': 'https://app.example.test',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^[\w-]{36}$/) as unknown,
    'cache-control': 'no-store',
  };

  it('has CORS, a request id and the security headers on each response, and reads bodies', async () => {
    const calls: [number, Call][] = [
      [201, { method: 'POST', url: '/auth/register', body: account }],
      [200, { method: 'POST', url: '/auth/login', body: account }],
      [401, { method: 'GET', url: '/users/me' }],
      [404, { method: 'GET', url: '/nowhere' }],
    ];
    for (const [status, call] of calls) {
      expect(await invoke(app, { ...call, headers })).toMatchObject({ status, headers: expected });
    }
  });

  it('answers a preflight, and rejects an ambiguous address', async () => {
    const preflight = { ...headers, 'access-control-request-method': 'POST' };
    expect(await invoke(app, { method: 'OPTIONS', url: '/auth/login', headers: preflight })).toMatchObject({
      status: 204,
      headers: { ...expected, 'access-control-allow-methods': expect.stringContaining('POST') as unknown },
    });
    // A FastifyAdapter of the application answers an undecodable address itself, before its hooks.
    const urls = name === 'fastify with hardenHttp' ? ['/%75sers/me'] : ['/%75sers/me', '/users/%ff'];
    for (const url of urls) {
      expect(await invoke(app, { method: 'GET', url, headers })).toMatchObject({ status: 400, headers: expected });
    }
  });
});
