import { reject } from '../auth.errors.js';
import type { ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** A request of Node, Express, or Fastify. Express has no `raw`, and Node has no `query`. */
interface AddressedRequest {
  readonly method?: string | undefined;
  readonly query?: unknown;
  readonly raw?: object;
  url?: string;
}

/** The tokens that were removed from their URLs, by the request of Node: several guards may read one request. */
const taken = new WeakMap<object, string>();

/**
 * Takes the token out of the query of a GET or HEAD request, so that no handler, validation pipe or log of the
 * application sees it, and forbids caches to store the response.
 *
 * @throws InvalidTokenError if the parameter occurs twice or is empty
 * @see RFC 6750 §2.3
 */
export function queryTokenOf(request: object, name: string, context?: ExecutionContext): string | undefined {
  const addressed: AddressedRequest = request;
  const raw = (addressed.raw ?? addressed) as AddressedRequest & { originalUrl?: string };
  const earlier = taken.get(raw);
  if (earlier !== undefined) return earlier;
  // A handshake of a socket has no method in some libraries.
  if (addressed.method !== undefined && addressed.method !== 'GET' && addressed.method !== 'HEAD') return undefined;
  const { url } = raw;
  const at = url?.indexOf('?') ?? -1;
  if (url === undefined || at < 0) return undefined;
  const values = new URLSearchParams(url.slice(at)).getAll(name);
  if (values.length === 0) return undefined;
  raw.url = withoutParameter(url, name);
  if (raw.originalUrl !== undefined) raw.originalUrl = withoutParameter(raw.originalUrl, name);
  // Fastify has parsed the query already. Express parses it at each use.
  if (addressed !== raw && typeof addressed.query === 'object' && addressed.query !== null) {
    Reflect.deleteProperty(addressed.query, name);
  }
  if (context?.getType() === 'http') forbidCaching(context.getArgByIndex(1));
  const [token] = values;
  if (values.length > 1 || token === undefined || token === '') return reject('an empty or a repeated query parameter');
  taken.set(raw, token);
  return token;
}

function withoutParameter(url: string, name: string): string {
  const at = url.indexOf('?');
  if (at < 0) return url;
  const rest = url
    .slice(at + 1)
    .split('&')
    .filter((pair) => !new URLSearchParams(pair).has(name));
  return rest.length === 0 ? url.slice(0, at) : `${url.slice(0, at)}?${rest.join('&')}`;
}

function forbidCaching(reply: ServerResponse & { readonly raw?: ServerResponse }): void {
  const response = reply.raw ?? reply;
  if (response.headersSent) return;
  response.setHeader('Cache-Control', 'no-store');
  // The URL of the page has the token, and its links would send it on.
  response.setHeader('Referrer-Policy', 'no-referrer');
}
