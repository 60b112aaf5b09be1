import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from 'postern/problem';
import { apiHeaders } from './security-headers.js';

/** The media types of an API. Other responses are pages or files, which may need scripts, frames and caches. */
const OF_API = /^(?:application\/[\w.+-]*(?:json|jwt)|text\/event-stream|text\/plain)\b/i;

/**
 * Creates a listener that adds the security headers when the head of a response is written, unless the application has
 * set the same header. A page or a file gets only `X-Content-Type-Options`.
 */
export function answerHeaders(): (request: IncomingMessage, response: ServerResponse) => void {
  const headers = Object.entries(apiHeaders());
  const seen = new WeakSet<ServerResponse>();
  return (request, response) => {
    if (seen.has(response)) return;
    seen.add(response);
    const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
    response.writeHead = (...head: unknown[]) => {
      if (!response.headersSent) complete(request, response, headers, writtenIn(head.at(-1)));
      return writeHead(...head);
    };
  };
}

function complete(
  request: IncomingMessage,
  response: ServerResponse,
  headers: readonly [string, string][],
  written: ReadonlyMap<string, unknown>,
): void {
  const valueOf = (name: string): unknown => written.get(name.toLowerCase()) ?? response.getHeader(name);
  const set = (name: string, value: string): void => {
    if (valueOf(name) === undefined) response.setHeader(name, value);
  };
  const type = valueOf('Content-Type');
  const isOfApi = type === undefined || (typeof type === 'string' && OF_API.test(type));
  set('X-Request-Id', requestIdOf(request));
  for (const [name, value] of headers) if (isOfApi || name === 'X-Content-Type-Options') set(name, value);
}

/** Reads the headers that the caller passes to `writeHead`, as an object or as a list of names and values. */
function writtenIn(head: unknown): ReadonlyMap<string, unknown> {
  if (typeof head !== 'object' || head === null) return new Map();
  const entries = Array.isArray(head)
    ? Array.from({ length: Math.floor(head.length / 2) }, (_, at) => [head[2 * at], head[2 * at + 1]] as const)
    : Object.entries(head);
  return new Map(entries.map(([name, value]) => [String(name).toLowerCase(), value as unknown]));
}
