import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** A method of Express that its types leave out. A server calls it, and so does an Express above this one. */
interface HandlingExpress {
  handle(request: IncomingMessage, response: ServerResponse, ...rest: unknown[]): void;
}

/**
 * Runs `enter` before Express handles a request, for each server that has this Express as its listener.
 * `enter` returns `false` if it has answered the request.
 */
export function enterExpress(
  express: Express,
  enter: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const handling = express as unknown as HandlingExpress;
  const handle = handling.handle.bind(handling);
  handling.handle = (request, response, ...rest) => {
    if (enter(request, response)) handle(request, response, ...rest);
  };
}
