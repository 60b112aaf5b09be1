import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

const CHECK_MILLISECONDS = 50;
/** A request may be on its way on a connection of which nothing was read yet. */
const SILENCE_MILLISECONDS = 500;

/**
 * Lets a server end soon after it is closed. Node ends the connections that are idle at that moment, and looks at none of
 * its time-outs from then on: one that never asks, as browsers open them ahead, or asks by half, does not read its
 * answer, or gets it later would hold the server up for as long as its client likes. Here they are looked at until the last has ended.
 */
export function enforceShutdownDeadlines(server: Server): void {
  const open = new Map<HttpSocket, Progress>();
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: HttpSocket) => {
    open.set(socket, { taken: 0, since: 0 });
    socket.once('close', () => open.delete(socket));
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  // To node, an answer that was handed over is done, and its connection idle: it would cut off whoever reads slowly.
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

/** How many bytes the other side has taken, and since when no more, in milliseconds after the close. */
interface Progress {
  taken: number;
  since: number;
}

/** Node's own names for what a connection is at. */
interface HttpSocket extends Socket {
  /** The answer that is being made; nothing between two requests. */
  readonly _httpMessage?: ServerResponse | null;
  /** Nothing any more once the connection was handed on, as to a web socket. */
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
