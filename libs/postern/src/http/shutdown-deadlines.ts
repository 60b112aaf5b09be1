import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

const CHECK_MILLISECONDS = 50;
/** The grace period of a connection that has sent nothing yet. */
const SILENCE_MILLISECONDS = 500;

/**
 * Enforces the time-outs of a server after `close()`. Node closes only the idle connections and then stops its
 * time-outs. A silent, half-sent or unread connection would keep the server open for as long as the client wants.
 */
export function enforceShutdownDeadlines(server: Server): void {
  const open = new Map<HttpSocket, Progress>();
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: HttpSocket) => {
    open.set(socket, { taken: 0, since: 0 });
    socket.once('close', () => open.delete(socket));
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  // Node regards a connection as idle when the response is complete, and would cut off a slow reader.
  server.closeIdleConnections = () => {
    if (![...open.keys()].some(isBeingRead)) closeIdle();
  };
  const close = server.close.bind(server);
  let timer: NodeJS.Timeout | undefined;
  server.close = (callback) => {
    close(callback);
    if (timer) return server;
    const closedAt = performance.now();
    const checkConnections = (): void => {
      if (open.size === 0) clearInterval(timer);
      else closeOverdueConnections(server, open, performance.now() - closedAt);
    };
    timer = setInterval(checkConnections, CHECK_MILLISECONDS).unref();
    checkConnections();
    return server;
  };
}

/** The bytes that the client has read, and the time of the last progress in milliseconds after the close. */
interface Progress {
  taken: number;
  since: number;
}

/** The private members of a socket of a Node server. */
interface HttpSocket extends Socket {
  /** The current response; empty between two requests. */
  readonly _httpMessage?: ServerResponse | null;
  /** Empty after an upgrade, such as to a WebSocket. */
  readonly parser?: object | null;
}

function closeOverdueConnections(server: Server, open: ReadonlyMap<HttpSocket, Progress>, now: number): void {
  server.closeIdleConnections();
  for (const [socket, progress] of open) {
    const { writableLength: waiting } = socket;
    const taken = socket.bytesWritten - waiting;
    if (waiting === 0 || taken > progress.taken) progress.since = now;
    progress.taken = taken;
    const isSilent = socket.bytesRead === 0 && now > SILENCE_MILLISECONDS;
    if (isSilent || now - progress.since > server.requestTimeout) socket.destroy();
    else if (socket.parser && isLate(server, socket, now)) server.emit('clientError', tooLate(), socket);
  }
}

function isBeingRead({ _httpMessage: answer }: HttpSocket): boolean {
  return answer?.writableEnded === true;
}

function isLate(server: Server, { _httpMessage: answer }: HttpSocket, milliseconds: number): boolean {
  if (!answer) return milliseconds > server.headersTimeout;
  return !answer.req.complete && milliseconds > server.requestTimeout;
}

const tooLate = (): Error =>
  Object.assign(new Error('The request did not arrive in time.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
