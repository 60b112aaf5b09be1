import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { HttpException } from '@nestjs/common';
import { answerOf, MalformedRequestError, NotFoundError, rememberRequestId, requestIdOf } from 'postern/problem';
import { crossOrigin } from './cors/cross-origin.js';
import { enforceShutdownDeadlines } from './shutdown-deadlines.js';
import type { CompleteHttpSettings } from './http-settings.js';
import { isWithin, securityHeaders } from './security-headers.js';

/** Node's default. Node silently drops further header lines. */
export const MAX_HEADER_LINES = 1000;

/** Checks a request before the framework; `false` if it has responded. */
export type RequestChecks = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Creates the checks that run first for every request, on Node's objects, so that Fastify and Express cannot differ:
 * request id, security headers, CORS, a host, and a URL that is decodable and has one spelling.
 */
export function requestChecksOf(settings: CompleteHttpSettings): RequestChecks {
  const setHeaders = securityHeaders(settings.docsPath, settings.strictTransportSecurity);
  const answersPreflight = crossOrigin(settings);
  const entered = new WeakSet<IncomingMessage>();
  return (request, response) => {
    if (entered.has(request)) return true;
    entered.add(request);
    const requestId = request.headers['x-request-id'];
    // An untrusted client could forge the id of another request in the log.
    const isTrusted = requestId !== undefined && settings.trusts(peerOf(request), 0);
    if (isTrusted && typeof requestId === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(requestId)) {
      rememberRequestId(request, requestId);
    }
    response.setHeader('X-Request-Id', requestIdOf(request));
    setHeaders(request, response);
    if (answersPreflight(request, response)) return false;
    // The dropped lines may include a second Authorization, Host or Content-Type.
    if (request.rawHeaders.length >= 2 * MAX_HEADER_LINES) {
      writeProblem(request, response, new HttpException({}, 431), settings);
      return false;
    }
    const complaint = complaintAbout(request);
    const isElsewhere = isWithin(settings.docsPath, request.url ?? '/') && EMPTY_STEP.test(pathOf(request));
    if (complaint === undefined && !isElsewhere) return true;
    const rejection = complaint === undefined ? new NotFoundError() : new MalformedRequestError(complaint);
    writeProblem(request, response, rejection, settings);
    return false;
  };
}

/** The address of the peer; empty for a request that a serverless host has made without a connection. */
function peerOf({ socket }: { readonly socket: Socket | null | undefined }): string {
  return socket?.remoteAddress ?? '';
}

/** Creates a server that runs the request checks before the listener of the framework. */
export function createGuardedServer(
  settings: CompleteHttpSettings,
  listener: RequestListener,
  enter: RequestChecks = requestChecksOf(settings),
): Server {
  const server = createServer({ connectionsCheckingInterval: 1000 }, (request, response) => {
    if (enter(request, response)) listener(request, response);
  });
  limitServer(server, settings, enter);
  return server;
}

/** Sets the time-outs, and sends a problem for each error that Node would answer without a body. */
export function limitServer(server: Server, settings: CompleteHttpSettings, enter: RequestChecks): void {
  server.requestTimeout = settings.requestTimeoutSeconds * 1000;
  server.headersTimeout = Math.min(server.requestTimeout, 10_000);
  server.keepAliveTimeout = settings.keepAliveSeconds * 1000;
  server.maxHeadersCount = MAX_HEADER_LINES;
  enforceShutdownDeadlines(server);
  // The request checks require the host, and respond with a problem.
  Object.assign(server, { requireHostHeader: false });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (enter(request, response)) writeProblem(request, response, new HttpException({}, 417), settings);
  });
  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => rejectSocket(error, socket, settings));
}

/** Writes a problem to the response of Node, without a framework. */
export function writeProblem(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  { documentation }: Pick<CompleteHttpSettings, 'documentation'>,
): void {
  const { status, headers, body } = answerOf(thrown, { requestId: requestIdOf(request), documentation });
  // The server does not read the body of the request.
  response.writeHead(status, { ...headers, Connection: 'close' });
  response.end(JSON.stringify(body));
}

const STATUS_OF_PARSER: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

function rejectSocket(error: NodeJS.ErrnoException, socket: Socket, { documentation }: CompleteHttpSettings): void {
  // After the head of a response, a second status line would be part of its body.
  const inFlight = (socket as { _httpMessage?: ServerResponse })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || inFlight?.headersSent) {
    socket.destroy();
    return;
  }
  const rejection = new HttpException({}, STATUS_OF_PARSER[error.code ?? ''] ?? 400);
  const requestId = requestIdOf(socket);
  const { status, headers, body } = answerOf(rejection, { requestId, documentation });
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'X-Request-Id': requestId,
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${body.title.replace(/\.$/, '')}\r\n${lines.join('')}\r\n${text}`);
}

// Letters, digits, "-", "." and "_" need no encoding. Fastify's router reads /%75sers as /users, Express's does not. A
// proxy's rule for /users must match the same requests as the guard.
const NEEDLESSLY_ENCODED = /%(?:2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])/i;

// The static file servers of the two frameworks interpret such a segment differently.
const EMPTY_STEP = /\/\.{0,2}\/|\/\.{1,2}$/;

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split(/[?#]/, 1)[0] ?? '';

function isRepeated({ rawHeaders }: IncomingMessage, header: string): boolean {
  let isThere = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== header.length || name.toLowerCase() !== header) continue;
    if (isThere) return true;
    isThere = true;
  }
  return false;
}

/** Returns a public sentence about an ambiguity in the head of the request; `undefined` if it is valid. */
export function complaintAbout(request: IncomingMessage): string | undefined {
  const { headers, httpVersion, method, url } = request;
  // RFC 9112 §3.2, RFC 9110 §5.3: Node reads the first of several lines, and a proxy may read another.
  if (headers.host === undefined && httpVersion === '1.1') return 'The request has no Host header.';
  if (isRepeated(request, 'host')) return 'The request has several Host headers.';
  if (isRepeated(request, 'content-type')) return 'The request has several Content-Type headers.';
  // Fastify requires it, and Express does not.
  if (method === 'QUERY' && headers['content-type'] === undefined)
    return 'A QUERY request needs a Content-Type header.';
  if (!url?.includes('%')) return undefined;
  const path = pathOf(request);
  if (NEEDLESSLY_ENCODED.test(path)) return 'The address percent-encodes a character that needs no encoding.';
  try {
    decodeURIComponent(path);
    return undefined;
  } catch {
    return 'The address is not percent-encoded UTF-8.';
  }
}
