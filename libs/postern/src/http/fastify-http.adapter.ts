import type { NestApplicationOptions } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';
import { requestIdOf, UnsupportedMediaTypeError } from 'postern/problem';
import { createGuardedServer, writeProblem } from './request-checks.js';
import type { CompleteHttpSettings } from './http-settings.js';
import { refuseOwnTls } from './http-settings.js';
import { assertJson, parseJsonBody } from './json/json-body.js';

const ROUTER = {
  caseSensitive: true,
  // One address, one spelling: a proxy's rule for /users/me then means the same requests as our guard's.
  ignoreTrailingSlash: false,
  ignoreDuplicateSlashes: false,
  useSemicolonDelimiter: false,
  // Express knows no such limit; node's own on the head of a request (16 KiB) holds on both.
  maxParamLength: 16_384,
};

/** Fastify, set up so that it answers as {@link ExpressHttpAdapter} does. */
export class FastifyHttpAdapter extends FastifyAdapter {
  private takesText = false;

  constructor(private readonly settings: CompleteHttpSettings) {
    const options: FastifyServerOptions = {
      serverFactory: (listener) => createGuardedServer(settings, listener),
      // The server has its own answer to these; Fastify's would destroy the socket while that one is being written.
      clientErrorHandler: () => undefined,
      bodyLimit: settings.bodyLimitBytes,
      trustProxy: settings.trustProxy !== false && settings.trusts,
      requestIdHeader: false,
      // What arrives while the server ends is answered, as on Express, and not in a form of Fastify's own.
      return503OnClosing: false,
      genReqId: (request) => requestIdOf(request),
      frameworkErrors: (error, request, reply) => {
        reply.hijack();
        writeProblem(request.raw, reply.raw, error, settings);
      },
      routerOptions: ROUTER,
    };
    super(options);
  }

  override initHttpServer(options: NestApplicationOptions = {}): void {
    refuseOwnTls(options);
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
      instance.addContentTypeParser('*', (_request, _payload, done) => done(new UnsupportedMediaTypeError()));
    }
  }
}

/** Replaces a Fastify adapter's JSON parser by ours. */
export function parseJsonOnFastify(adapter: FastifyAdapter, rawBody: boolean, bodyLimit: number): void {
  adapter.useBodyParser('application/json', rawBody, { bodyLimit }, (request: FastifyRequest, body: Buffer, done) => {
    assertJson(request.headers);
    done(null, parseJsonBody(body));
  });
}
