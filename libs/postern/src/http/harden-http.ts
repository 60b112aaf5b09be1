import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Express } from 'express';
import { enterExpress } from './express-entrance.js';
import { requestChecksOf, limitServer } from './request-checks.js';
import { isHardened, rememberHardened } from './http-adapter.js';
import { completeHttpSettings } from './http-settings.js';
import type { HttpSettings } from './http-settings.js';

/**
 * Adds the protection of {@link createHttpAdapter} to an application with its own adapter: headers, CORS, request ids,
 * limits, time-outs and strict JSON. Call it before `init` or `listen`. It cannot change strict addresses and
 * `request.ip`, which are fixed when the adapter is created. It ignores an adapter of `createHttpAdapter`.
 *
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule);
 * await hardenHttp(app, { corsOrigins: ['https://app.example.com'] });
 * ```
 * @throws Error if a setting is invalid, with a message that names the setting and the permitted values
 */
export async function hardenHttp(app: INestApplication, settings: HttpSettings = {}): Promise<void> {
  const complete = completeHttpSettings(settings);
  const adapter = app.getHttpAdapter();
  if (isHardened(adapter)) return;
  rememberHardened(adapter);

  // The option of `NestFactory.create`, which Nest passes to the body parsers that this function replaces.
  const rawBody = (app as { appOptions?: { rawBody?: boolean } }).appOptions?.rawBody === true;
  const enter = requestChecksOf(complete);
  const server = app.getHttpServer() as Server;
  limitServer(server, complete, enter);
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (enter(request, response)) for (const listener of listeners) listener.call(server, request, response);
  });

  if (adapter.getType() === 'fastify') {
    const fastify = adapter as unknown as FastifyAdapter;
    const { enterFastify, parseJsonOnFastify } = await import('./fastify-http.adapter.js');
    enterFastify(fastify, enter);
    parseJsonOnFastify(fastify, rawBody, complete.bodyLimitBytes);
  } else {
    const { answerInFull, jsonOnExpress } = await import('./express-http.adapter.js');
    const express = adapter.getInstance() as Express;
    express.disable('x-powered-by');
    // The application may open servers of its own for its Express.
    enterExpress(express, enter);
    answerInFull(express);
    app.use(jsonOnExpress(rawBody, complete));
  }
}
