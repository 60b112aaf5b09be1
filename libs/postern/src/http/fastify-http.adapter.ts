import type { NestApplicationOptions } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';
import { requestIdOf, UnsupportedMediaTypeError } from 'postern/problem';
import { createGuardedServer, requestChecksOf, writeProblem } from './request-checks.js';
import type { RequestChecks } from './request-checks.js';
import type { CompleteHttpSettings } from './http-settings.js';
import { rejectOwnTls } from './http-settings.js';
import { assertJson, hasNoBody, parseJsonBody } from './json/json-body.js';

const ROUTER = {
  caseSensitive: true,
  // Each route has one spelling, so that a proxy's rule for /users/me matches the same requests as the guard.
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
  useSemicolonDelimiter: false,
  // Express has no such limit. Node limits the head of a request to 16 KiB on both.
  maxParamLength: 16_384,
};

/** Fastify, configured to respond like {@link ExpressHttpAdapter}. */
export class FastifyHttpAdapter extends FastifyAdapter {
  private takesText = false;

  constructor(private readonly settings: CompleteHttpSettings) {
    const enter = requestChecksOf(settings);
    const options: FastifyServerOptions = {
      serverFactory: (listener) => createGuardedServer(settings, listener, enter),
      // The server responds to client errors. Fastify would destroy the socket before the response is written.
      clientErrorHandler: () => undefined,
      bodyLimit: settings.bodyLimitBytes,
      trustProxy: settings.trustProxy !== false && settings.trusts,
      requestIdHeader: false,
      // Serve requests during the shutdown, as on Express.
      return503OnClosing: false,
      genReqId: (request) => requestIdOf(request),
      frameworkErrors: (error, request, reply) => {
        reply.hijack();
        if (enter(request.raw, reply.raw)) writeProblem(request.raw, reply.raw, error, settings);
      },
      routerOptions: ROUTER,
    };
    super(options);
    enterFastify(this, enter);
  }

  override initHttpServer(options: NestApplicationOptions = {}): void {
    rejectOwnTls(options);
    super.initHttpServer(options);
  }

  override useBodyParser(...parser: Parameters<FastifyAdapter['useBodyParser']>): void {
    super.useBodyParser(...parser);
    this.takesText ||= [parser[0]].flat().includes('text/plain');
  }

  override registerParserMiddleware(_prefix?: string, rawBody = false): void {
    parseJsonOnFastify(this, rawBody, this.settings.bodyLimitBytes);
    const instance = this.getInstance<FastifyInstance>();
    if (!this.takesText) instance.removeContentTypeParser('text/plain');
    if (!instance.hasContentTypeParser('')) {
      instance.addContentTypeParser('*', (request, _payload, done) =>
        hasNoBody(request.headers) ? done(null, undefined) : done(new UnsupportedMediaTypeError()),
      );
    }
  }
}

/**
 * Runs `enter` for requests that do not pass the server: `inject()`, as serverless hosts call it, `routing()`, and the
 * second server that Fastify opens for a name with two addresses (localhost). `enter` returns `false` after a response.
 */
export function enterFastify(adapter: FastifyAdapter, enter: RequestChecks): void {
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    if (enter(request.raw, reply.raw)) return done();
    reply.hijack();
  });
}

/** Replaces the JSON parser of a Fastify adapter with the strict parser. */
export function parseJsonOnFastify(adapter: FastifyAdapter, rawBody: boolean, bodyLimit: number): void {
  adapter.useBodyParser('application/json', rawBody, { bodyLimit }, (request: FastifyRequest, body: Buffer, done) => {
    if (!hasNoBody(request.headers)) assertJson(request.headers);
    done(null, parseJsonBody(body));
  });
}
