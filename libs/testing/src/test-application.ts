import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { HttpSettings } from 'postern';

/** How a {@link TestApplication} is started. */
export interface TestApplicationOptions {
  /** The framework beneath, or an adapter of the caller's own. Default `fastify`. */
  readonly adapter?: 'fastify' | 'express' | AbstractHttpAdapter | undefined;
  /** What `createHttpAdapter` is told; not for an adapter of the caller's own. */
  readonly http?: HttpSettings | undefined;
  /** Where the log goes. Default: nowhere. */
  readonly logger?: LoggerService | undefined;
  /** What happens between creating and listening, such as `serveDocs`. */
  readonly prepare?: ((nest: INestApplication) => void | Promise<void>) | undefined;
}

/** What a request carries. */
export interface TestRequest {
  /** An access token. */
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer, read to its end. */
export interface TestAnswer<T> {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON that came, else the text; `undefined` where nothing came. */
  readonly body: T;
}

/** An application that listens on a free port of this machine. */
export interface TestApplication {
  readonly nest: INestApplication;
  /** For example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Sends one request; redirects are answers and not followed. */
  call<T = Record<string, unknown>>(method: string, path: string, request?: TestRequest): Promise<TestAnswer<T>>;
  close(): Promise<void>;
}

/**
 * Starts an application as its own entry does, so that a test speaks with it by HTTP and with nothing in between.
 *
 * @example
 * ```ts
 * const app = await startTestApplication(AppModule, { adapter: 'express' });
 * const { status, body } = await app.call('POST', '/auth/login', { body: { email, password } });
 * await app.close();
 * ```
 */
export async function startTestApplication(
  module: Type | DynamicModule,
  { adapter = 'fastify', http, logger, prepare }: TestApplicationOptions = {},
): Promise<TestApplication> {
  const nest = await NestFactory.create(module, await adapterOf(adapter, http), {
    logger: logger ?? false,
    abortOnError: false,
  });
  try {
    await prepare?.(nest);
    await nest.listen(0, '127.0.0.1');
  } catch (error) {
    await nest.close();
    throw error;
  }
  const url = await nest.getUrl();
  return { nest, url, call: (method, path, request) => call(url + path, method, request), close: () => nest.close() };
}

async function adapterOf(
  adapter: NonNullable<TestApplicationOptions['adapter']>,
  http: HttpSettings | undefined,
): Promise<AbstractHttpAdapter> {
  if (typeof adapter !== 'string') return adapter;
  // Only on demand: a service that accepts tokens has no database, which the root of the package loads.
  const { createHttpAdapter } = await import('postern');
  return createHttpAdapter(adapter, http);
}

async function call<T>(url: string, method: string, request: TestRequest = {}): Promise<TestAnswer<T>> {
  const { token, body, headers } = request;
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: read(response, text) as T };
}

function read(response: Response, text: string): unknown {
  if (text === '') return undefined;
  return /\bjson\b/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}
