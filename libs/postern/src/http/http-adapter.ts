import type { AbstractHttpAdapter } from '@nestjs/core';
import { completeHttpSettings } from './http-settings.js';
import type { HttpSettings } from './http-settings.js';

/** The two frameworks that Nest, and so Postern, runs on. */
export type HttpAdapterKind = 'fastify' | 'express';

const strict = new WeakSet<object>();
const hardened = new WeakSet<object>();

/**
 * Makes an HTTP adapter that answers the same on Fastify and on Express: strict addresses, strict JSON, limits,
 * time-outs, security headers, CORS and request ids. Only the framework that is asked for is loaded.
 *
 * @example
 * ```ts
 * const adapter = await createHttpAdapter('fastify', { corsOrigins: ['https://app.example.com'] });
 * const app = await NestFactory.create(AppModule, adapter);
 * ```
 * @throws Error for a setting that cannot be, with a sentence that says what to write
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

/** Whether an adapter came from {@link createHttpAdapter}, and so has strict addresses, too. */
export function isStrict(adapter: object): boolean {
  return strict.has(adapter);
}

/** Remembers that an adapter of the application was given what it lacked. */
export function rememberHardened(adapter: object): void {
  hardened.add(adapter);
}

/** Whether an adapter came from {@link createHttpAdapter}, or was given by `hardenHttp` what it lacked. */
export function isHardened(adapter: object): boolean {
  return hardened.has(adapter);
}
