import { randomUUID } from 'node:crypto';

const ids = new WeakMap<object, string>();

// Fastify wraps Node's request and Express extends it: the id belongs to Node's request.
const rawOf = (request: object): object => {
  const raw: unknown = (request as { raw?: unknown }).raw;
  return typeof raw === 'object' && raw !== null ? raw : request;
};

/**
 * The id of a request of Fastify, Express or Node: the value of `X-Request-Id`, and part of `instance` of a problem.
 */
export function requestIdOf(request: object): string {
  const raw = rawOf(request);
  const existing = ids.get(raw);
  if (existing !== undefined) return existing;
  const id = randomUUID();
  ids.set(raw, id);
  return id;
}

/** Sets the id of a request, such as one from a trusted proxy. */
export function rememberRequestId(request: object, id: string): void {
  ids.set(rawOf(request), id);
}
