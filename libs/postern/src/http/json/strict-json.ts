import type { IncomingMessage } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Request, RequestHandler } from 'express';
import { isHardened } from '../http-adapter.js';
import { completeHttpSettings } from '../http-settings.js';
import { assertJson, parseJsonBody } from './json-body.js';

/**
 * Lets an adapter of the application read JSON strictly. Parsers that the application names itself, and other media types, stay as
 * they are. It has to come before the application is initialised.
 */
export function readStrictJson(adapter: AbstractHttpAdapter): void {
  const register = adapter.registerParserMiddleware.bind(adapter);
  const registerStrictly = adapter.getType() === 'fastify' ? onFastify(adapter) : onExpress(adapter);
  adapter.registerParserMiddleware = (prefix?: string, rawBody = false): unknown => {
    // By then hardenHttp may have given the adapter a parser.
    if (isHardened(adapter)) return register(prefix, rawBody);
    return registerStrictly(rawBody, () => register(prefix, rawBody));
  };
}

type Registration = (rawBody: boolean, register: () => unknown) => unknown;

/** Before Express's own parsers, which pass on a body that has been read. */
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

/** Nest names no parser of its own if the application has named one for JSON. */
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

/** Whether there is a body of JSON in UTF-8, not compressed: what else comes is for the parsers of the application. */
function isPlainJson({ headers }: Request | IncomingMessage): boolean {
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return false;
  try {
    assertJson(headers);
    return true;
  } catch {
    return false;
  }
}
