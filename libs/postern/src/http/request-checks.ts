import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { HttpException } from '@nestjs/common';
import { answerOf, MalformedRequestError, NotFoundError, rememberRequestId, requestIdOf } from 'postern/problem';
import { crossOrigin } from './cross-origin.js';
import { enforceShutdownDeadlines } from './shutdown-deadlines.js';
import type { CompleteHttpSettings } from './http-settings.js';
import { isWithin, securityHeaders } from './security-headers.js';

/** Node's own default, stated here: it reads so many header lines of a request and drops the others in silence. */
export const MAX_HEADER_LINES = 1000;

/** Decides about a request before any framework sees it; `false` where it has answered it. */
export type RequestChecks = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Makes the door that every request passes first, on node's own objects, so that Fastify and Express cannot differ:
 * request id, security headers, CORS, a host, and an URL that can be decoded and has one spelling.
 */
export function requestChecksOf(settings: CompleteHttpSettings): RequestChecks {
  const setHeaders = securityHeaders(settings.docsPath, settings.strictTransportSecurity);
  const answersPreflight = crossOrigin(settings.corsOrigins);
  const entered = new WeakSet<IncomingMessage>();
  return (request, response) => {
    if (entered.has(request)) return true;
    entered.add(request);
    const given = request.headers['x-request-id'];
    // A stranger could write another request's id into the log.
    const isBelieved = given !== undefined && settings.trusts(request.socket.remoteAddress ?? '', 0);
    if (isBelieved && typeof given === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(given)) {
      rememberRequestId(request, given);
    }
    response.setHeader('X-Request-Id', requestIdOf(request));
    setHeaders(request, response);
    if (answersPreflight(request, response)) return false;
    // A second Authorization, Host or Content-Type may be among the lines that were dropped.
    if (request.rawHeaders.length >= 2 * MAX_HEADER_LINES) {
      writeProblem(request, response, new HttpException({}, 431), settings);
      return false;
    }
    const complaint = complaintAbout(request);
    const isElsewhere = isWithin(settings.docsPath, request.url ?? '/') && EMPTY_STEP.test(pathOf(request));
    if (complaint === undefined && !isElsewhere) return true;
    const refusal = complaint === undefined ? new NotFoundError() : new MalformedRequestError(complaint);
    writeProblem(request, response, refusal, settings);
    return false;
  };
}

/** Makes node's server with the front door before the framework's listener. */
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

/** Sets the time-outs of a server, and the answers to what node would refuse by itself, with no body. */
export function limitServer(server: Server, settings: CompleteHttpSettings, enter: RequestChecks): void {
  server.requestTimeout = settings.requestTimeoutSeconds * 1000;
  server.headersTimeout = Math.min(server.requestTimeout, 10_000);
  server.keepAliveTimeout = settings.keepAliveSeconds * 1000;
  server.maxHeadersCount = MAX_HEADER_LINES;
  enforceShutdownDeadlines(server);
  // The front door asks for the host, with an answer that says so.
  Object.assign(server, { requireHostHeader: false });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (enter(request, response)) writeProblem(request, response, new HttpException({}, 417), settings);
  });
  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseSocket(error, socket, settings));
}

/** Writes a problem to node's own response, where no framework can. */
export function writeProblem(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  { documentation }: Pick<CompleteHttpSettings, 'documentation'>,
): void {
  const { status, headers, body } = answerOf(thrown, { requestId: requestIdOf(request), documentation });
  // The body that came with it stays unread.
  response.writeHead(status, { ...headers, Connection: 'close' });
  response.end(JSON.stringify(body));
}

const STATUS_OF_PARSER: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

function refuseSocket(error: NodeJS.ErrnoException, socket: Socket, { documentation }: CompleteHttpSettings): void {
  // An answer that has begun cannot be taken back: a second status line would be read as its body.
  const inFlight = (socket as { _httpMessage?: ServerResponse })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || inFlight?.headersSent) {
    socket.destroy();
    return;
  }
  const refusal = new HttpException({}, STATUS_OF_PARSER[error.code ?? ''] ?? 400);
  const requestId = requestIdOf(socket);
  const { status, headers, body } = answerOf(refusal, { requestId, documentation });
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'X-Request-Id': requestId,
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${body.title.replace(/\.$/, '')}\r\n${lines.join('')}\r\n${text}`);
}

// Letters, digits, "-", "." and "_". No encoder touches them, and Fastify's router reads /%75sers as /users where Express's
// does not: a proxy's rule for /users has to mean the same requests as our guard's.
const NEEDLESSLY_ENCODED = /%(?:2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])/i;

// The two servers of static files, which alone read such a step, do not agree on it.
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

/** Why the head of a request can be read in two ways, as a sentence for the public; `undefined` if it cannot. */
export function complaintAbout(request: IncomingMessage): string | undefined {
  const { headers, httpVersion, method, url } = request;
  // RFC 9112 §3.2, RFC 9110 §5.3: Node takes the first of several, and whoever stands before it may have taken another.
  if (headers.host === undefined && httpVersion === '1.1') return 'The request names no host.';
  if (isRepeated(request, 'host')) return 'The request names more than one host.';
  if (isRepeated(request, 'content-type')) return 'The request states more than one Content-Type.';
  // Fastify asks for it by itself, and Express does not.
  if (method === 'QUERY' && headers['content-type'] === undefined) return 'A QUERY states its Content-Type.';
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
