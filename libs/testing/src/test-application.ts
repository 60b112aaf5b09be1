import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { HttpSettings } from 'postern';

/** Options of {@link startTestApplication}. */
export interface TestApplicationOptions {
  /** The HTTP framework, or your adapter. Default `fastify`. */
  readonly adapter?: 'fastify' | 'express' | AbstractHttpAdapter | undefined;
  /** Settings of `createHttpAdapter`; ignored with your adapter. */
  readonly http?: HttpSettings | undefined;
  /** The logger. By default nothing is logged. */
  readonly logger?: LoggerService | undefined;
  /** Called before the application listens, for example to call `serveDocs`. */
  readonly prepare?: ((nest: INestApplication) => void | Promise<void>) | undefined;
}

/** The contents of a request. */
export interface TestRequest {
  /** The access token for the `Authorization` header. */
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A complete response. */
export interface TestAnswer<T> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON or else the text; `undefined` if the body is empty. */
  readonly body: T;
}

/** An application that listens on a free local port. */
export interface TestApplication {
  readonly nest: INestApplication;
  /** For example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Sends one request. It does not follow redirects. */
  call<T = Record<string, unknown>>(method: string, path: string, request?: TestRequest): Promise<TestAnswer<T>>;
  close(): Promise<void>;
}

/**
 * Starts an application that a test calls through HTTP.
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
  // Imported on demand: the root of the package loads the database driver, which a service may not have.
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
