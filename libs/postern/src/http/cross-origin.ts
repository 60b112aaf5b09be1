import type { IncomingMessage, ServerResponse } from 'node:http';

const METHODS = 'GET,HEAD,POST,PUT,PATCH,DELETE';
const REQUEST_HEADERS = 'Authorization,Content-Type,X-Request-Id';
const RESPONSE_HEADERS = 'X-Request-Id,WWW-Authenticate,Retry-After';

/**
 * Allows pages of the given origins to call the application, without cookies: the page sends the token in a header.
 * The handler returns `true` if it has ended the request (a preflight).
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function crossOrigin(
  origins: readonly string[],
): (request: IncomingMessage, response: ServerResponse) => boolean {
  if (origins.length === 0) return () => false;
  const isAnyOrigin = origins.includes('*');
  const allowed = new Set(origins);
  return (request, response) => {
    const origin = request.headers.origin;
    // Without `Vary`, a shared cache would serve the response of another origin.
    if (!isAnyOrigin) response.setHeader('Vary', 'Origin');
    if (origin === undefined || !(isAnyOrigin || allowed.has(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', isAnyOrigin ? '*' : origin);
    response.setHeader('Access-Control-Expose-Headers', RESPONSE_HEADERS);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
    response.setHeader('Access-Control-Max-Age', '600');
    response.statusCode = 204;
    response.end();
    return true;
  };
}
