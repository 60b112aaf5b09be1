import type { AbstractHttpAdapter } from '@nestjs/core';
import { completeHttpSettings } from './http-settings.js';
import type { HttpSettings } from './http-settings.js';

/** The HTTP frameworks of Nest. */
export type HttpAdapterKind = 'fastify' | 'express';

const strict = new WeakSet<object>();
const hardened = new WeakSet<object>();

/**
 * Creates an HTTP adapter that responds equally on Fastify and Express: strict addresses, strict JSON, limits,
 * time-outs, security headers, CORS and request ids. It loads only the named framework.
 *
 * @example
 * ```ts
 * const adapter = await createHttpAdapter('fastify', { corsOrigins: ['https://app.example.com'] });
 * const app = await NestFactory.create(AppModule, adapter);
 * ```
 * @throws Error if a setting is invalid, with a message that names the setting and the permitted values
 */
export async function createHttpAdapter(
  kind: HttpAdapterKind,
  settings: HttpSettings = {},
): Promise<AbstractHttpAdapter> {
  const complete = completeHttpSettings(settings);
  const adapter =
    kind === 'fastify'
      ? new (await import('./fastify-http.adapter.js')).FastifyHttpAdapter(complete)
      : new (await import('./express-http.adapter.js')).ExpressHttpAdapter(complete);
  strict.add(adapter);
  hardened.add(adapter);
  return adapter;
}

/** Returns whether {@link createHttpAdapter} created the adapter, which then has strict addresses. */
export function isStrict(adapter: object): boolean {
  return strict.has(adapter);
}

/** Records that `hardenHttp` has protected the adapter. */
export function rememberHardened(adapter: object): void {
  hardened.add(adapter);
}

/** Returns whether `createHttpAdapter` created the adapter or `hardenHttp` has protected it. */
export function isHardened(adapter: object): boolean {
  return hardened.has(adapter);
}
