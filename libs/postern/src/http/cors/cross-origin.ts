import type { IncomingMessage, ServerResponse } from 'node:http';
import { originMatcher } from './origin-pattern.js';
import type { CompleteCorsSettings } from './cors-settings.js';

const REQUEST_HEADERS = ['Authorization', 'Content-Type', 'X-Request-Id', 'Postern-Device'];
const RESPONSE_HEADERS = [
  'X-Request-Id',
  'WWW-Authenticate',
  'Retry-After',
  'RateLimit-Policy',
  'RateLimit',
  'Postern-Device',
];

/**
 * Allows pages of the given origins to call the application. The handler returns `true` if it has ended the request (a
 * preflight).
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function crossOrigin(
  settings: CompleteCorsSettings,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { corsOrigins, corsCredentials } = settings;
  if (corsOrigins.length === 0) return () => false;
  const isAnyOrigin = corsOrigins.includes('*');
  const isAllowed = originMatcher(corsOrigins);
  const exposed = listOf([...RESPONSE_HEADERS, ...settings.corsExposedHeaders]);
  const preflight = {
    'Access-Control-Allow-Methods': listOf(settings.corsMethods),
    'Access-Control-Allow-Headers': listOf([...REQUEST_HEADERS, ...settings.corsAllowedHeaders]),
    'Access-Control-Max-Age': String(settings.corsMaximumAgeSeconds),
  };
  return (request, response) => {
    const origin = request.headers.origin;
    if (!isAnyOrigin) varyByOrigin(response);
    if (origin === undefined || !(isAnyOrigin || isAllowed(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', isAnyOrigin ? '*' : origin);
    response.setHeader('Access-Control-Expose-Headers', exposed);
    if (corsCredentials) response.setHeader('Access-Control-Allow-Credentials', 'true');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
    for (const [name, value] of Object.entries(preflight)) response.setHeader(name, value);
    response.statusCode = 204;
    response.end();
    return true;
  };
}

/**
 * Keeps `Origin` in `Vary`, also if the handler sets the header. Without it, a shared cache would serve the response of
 * another origin.
 */
function varyByOrigin(response: ServerResponse): void {
  response.setHeader('Vary', 'Origin');
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]) => {
    const headers = head.at(-1);
    if (typeof headers === 'object' && headers !== null && !Array.isArray(headers)) addOrigin(headers as Headers);
    if (!response.headersSent) response.setHeader('Vary', withOrigin(response.getHeader('Vary')));
    return writeHead(...head);
  };
}

type Headers = Record<string, unknown>;

/** Fastify passes the headers of the handler to `writeHead`, where they replace those of the response. */
function addOrigin(headers: Headers): void {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'vary');
  if (name !== undefined) headers[name] = withOrigin(headers[name]);
}

function withOrigin(vary: unknown): string {
  const names = ([vary ?? []].flat() as string[]).join(', ');
  if (/(?:^|[\s,])(?:origin|\*)(?:$|[\s,])/i.test(names)) return names;
  return names === '' ? 'Origin' : `${names}, Origin`;
}

/** Joins the names, each once in any case. */
function listOf(names: readonly string[]): string {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()].join(',');
}
