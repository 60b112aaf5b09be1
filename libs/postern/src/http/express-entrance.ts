import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** Express's own method, which a server calls as well as an Express that this one is mounted on. Its types leave it out. */
interface HandlingExpress {
  handle(request: IncomingMessage, response: ServerResponse, ...rest: unknown[]): void;
}

/**
 * Runs `enter` before Express sees a request, whichever server the application gives the Express to. A request for which it returns `false`
 * has its answer.
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
