import type { IncomingMessage } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Request, RequestHandler } from 'express';
import { isHardened } from '../http-adapter.js';
import { completeHttpSettings } from '../http-settings.js';
import { assertJson, hasNoBody, parseJsonBody } from './json-body.js';

/**
 * Makes an adapter of the application read JSON strictly. It does not change the application's own parsers and other
 * media types. Call it before the initialisation of the application.
 */
export function readStrictJson(adapter: AbstractHttpAdapter): void {
  const register = adapter.registerParserMiddleware.bind(adapter);
  const registerStrictly = adapter.getType() === 'fastify' ? onFastify(adapter) : onExpress(adapter);
  adapter.registerParserMiddleware = (prefix?: string, rawBody = false): unknown => {
    // hardenHttp may have replaced the parser since then.
    if (isHardened(adapter)) return register(prefix, rawBody);
    return registerStrictly(rawBody, () => register(prefix, rawBody));
  };
}

type Registration = (rawBody: boolean, register: () => unknown) => unknown;

/** Runs before Express's parsers, which skip a parsed body. */
function onExpress(adapter: AbstractHttpAdapter): Registration {
  const loading = import('../express-http.adapter.js');
  return (rawBody, register) => {
    const handler: RequestHandler = (request, response, next) => {
      if (!isPlainJson(request)) return next();
      const read = async (): Promise<void> => {
        const { jsonOnExpress } = await loading;
        await jsonOnExpress(rawBody, completeHttpSettings({}))(request, response, next);
      };
      read().catch(next);
    };
    adapter.use(handler);
    return register();
  };
}

/** Nest registers no JSON parser if the application has registered one. */
function onFastify(adapter: AbstractHttpAdapter): Registration {
  const fastify = adapter as unknown as FastifyAdapter;
  const useBodyParser = fastify.useBodyParser.bind(fastify);
  return (_rawBody, register) => {
    fastify.useBodyParser = (type, rawBody, options, parser) => {
      if (type !== 'application/json' || parser !== undefined) return useBodyParser(type, rawBody, options, parser);
      return useBodyParser(type, rawBody, options, (_request, body: Buffer, done) => done(null, parseJsonBody(body)));
    };
    try {
      return register();
    } finally {
      fastify.useBodyParser = useBodyParser;
    }
  };
}

/** Returns whether the body is uncompressed JSON in UTF-8. Other bodies are for the parsers of the application. */
function isPlainJson({ headers }: Request | IncomingMessage): boolean {
  if (hasNoBody(headers)) return false;
  try {
    assertJson(headers);
    return true;
  } catch {
    return false;
  }
}
