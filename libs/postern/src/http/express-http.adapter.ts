import type { IncomingMessage, Server } from 'node:http';
import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import { MalformedRequestError, PayloadTooLargeError } from 'postern/problem';
import { enterExpress } from './express-entrance.js';
import { createGuardedServer, requestChecksOf } from './request-checks.js';
import type { CompleteHttpSettings } from './http-settings.js';
import { rejectOwnTls } from './http-settings.js';
import { assertJson, hasNoBody, parseJsonBody } from './json/json-body.js';

/** Express, configured to respond like {@link FastifyHttpAdapter}. */
export class ExpressHttpAdapter extends ExpressAdapter {
  private closesConnections = false;

  constructor(private readonly settings: CompleteHttpSettings) {
    super(strictExpress(settings));
  }

  override initHttpServer(options: NestApplicationOptions = {}): void {
    rejectOwnTls(options);
    this.closesConnections = options.forceCloseConnections === true;
    super.initHttpServer({ ...options, forceCloseConnections: false });
    const [instance, enter] = [this.getInstance<Express>(), requestChecksOf(this.settings)];
    // The application may open servers of its own for this Express.
    enterExpress(instance, enter);
    this.httpServer = createGuardedServer(this.settings, instance, enter);
  }

  override registerParserMiddleware(_prefix?: string, rawBody = false): void {
    this.use(jsonOnExpress(rawBody, this.settings));
  }

  /** Ignores the prefix of Nest: a route that is missing outside of the prefix is a problem as well, as on Fastify. */
  override setNotFoundHandler(handler: RequestHandler): unknown {
    return super.setNotFoundHandler(handler);
  }

  override close(): Promise<unknown> | undefined {
    const closed = super.close();
    if (this.closesConnections) (this.httpServer as Server).closeAllConnections();
    return closed;
  }
}

function strictExpress({ trustProxy, trusts }: CompleteHttpSettings): Express {
  const instance = express();
  // The router reads these options when it is created.
  instance.enable('case sensitive routing');
  instance.enable('strict routing');
  instance.disable('x-powered-by');
  answerInFull(instance);
  instance.set('trust proxy', trustProxy !== false && trusts);
  return instance;
}

/**
 * Disables ETags and the freshness check of Express. Without an ETag, Express would still respond 304 to
 * `If-None-Match: *`. A controller with an ETag must compare it.
 */
export function answerInFull(instance: Express): void {
  instance.disable('etag');
  Object.defineProperty(instance.request, 'fresh', { configurable: true, value: false });
}

// Fastify never reads a body of these methods.
const BODYLESS = new Set(['GET', 'HEAD', 'TRACE']);

/** Reads JSON bodies on Express like the parser on Fastify. */
export function jsonOnExpress(
  rawBody: boolean,
  { bodyLimitBytes, multipart }: Pick<CompleteHttpSettings, 'bodyLimitBytes' | 'multipart'>,
): RequestHandler {
  return async (request, response, next) => {
    const { headers, method } = request;
    const isRead = BODYLESS.has(method) || request.readableEnded;
    // A route with a file interceptor reads the body, after the guard.
    const isForRoute = multipart && /^\s*multipart\/form-data\s*;/i.test(headers['content-type'] ?? '');
    if (!isRead && !isForRoute && !hasNoBody(headers)) {
      try {
        const { bytes, value } = await readJson(request, bodyLimitBytes);
        if (rawBody) Object.assign(request, { rawBody: bytes });
        request.body = value;
      } catch (error) {
        // The client may still send the rest of the body.
        response.setHeader('Connection', 'close');
        return next(error);
      }
    }
    next();
  };
}

async function readJson(request: IncomingMessage, limit: number): Promise<{ bytes: Buffer; value: unknown }> {
  assertJson(request.headers);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new PayloadTooLargeError();
  const bytes = await readBytes(request, limit);
  return { bytes, value: parseJsonBody(bytes) };
}

// Express's reader consumes the whole body before it rejects an oversized body.
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return chunks.push(chunk);
      request.removeAllListeners('data').pause();
      reject(new PayloadTooLargeError());
    });
    request.on('end', () => resolve(Buffer.concat(chunks, length)));
    request.on('error', (cause) => reject(new MalformedRequestError('The request body is incomplete.', { cause })));
  });
}
