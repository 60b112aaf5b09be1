import { randomUUID } from 'node:crypto';

const ids = new WeakMap<object, string>();

// Fastify wraps node's request and Express extends it: the id belongs to the one object that both share.
const rawOf = (request: object): object => {
  const raw: unknown = (request as { raw?: unknown }).raw;
  return typeof raw === 'object' && raw !== null ? raw : request;
};

/** The id of a request (Fastify's, Express's or node's own), made at the first asking: the one of `X-Request-Id` and of a problem's `instance`. */
export function requestIdOf(request: object): string {
  const raw = rawOf(request);
  const known = ids.get(raw);
  if (known !== undefined) return known;
  const id = randomUUID();
  ids.set(raw, id);
  return id;
}

/** Gives a request the id it came with; for whoever reads it from a trusted proxy. */
export function rememberRequestId(request: object, id: string): void {
  ids.set(rawOf(request), id);
}
