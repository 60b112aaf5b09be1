import { applyDecorators, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiProblems } from 'postern/problem';
import { TooManyRequestsError } from '../limits.errors.js';
import { RateLimitEnhancer } from './rate-limit.enhancer.js';
import { addRule } from './rate-limit-rules.js';
import type { RateLimitOptions } from './rate-limit-rules.js';

/**
 * Limits the requests of a route, or of all routes of a controller together: `points` at once, and one more each
 * `seconds / points`, for all replicas together. A request counts after the guards and before the pipes; a stream of
 * events (`@Sse`) counts as a guard: write `@RateLimit` above `@UseGuards` there. On class and
 * method, both limits apply. Each response has `RateLimit-Policy` and `RateLimit`; a rejected request gets 429 with
 * `Retry-After`.
 *
 * It applies to HTTP only, because other transports have no network of the client and no response headers: the start
 * fails if a handler of messages or of GraphQL has it. Call `Limits.take` there, with a key of the principal.
 *
 * @throws TooManyRequestsError
 * @throws Error at the declaration if `points` or `seconds` is not a whole number above 0
 * @see draft-ietf-httpapi-ratelimit-headers-10
 * @example
 * ```ts
 * \@Post('reports')
 * \@RateLimit({ points: 5, seconds: 60, by: 'user' })
 * create() {}
 * ```
 */
export function RateLimit(options: RateLimitOptions): MethodDecorator & ClassDecorator {
  for (const name of ['points', 'seconds'] as const) {
    if (Number.isSafeInteger(options[name]) && options[name] > 0) continue;
    throw new Error(`@RateLimit: "${name}" is ${String(options[name])}: write a whole number above 0.`);
  }
  if (options.name !== undefined && !/^[a-z\d]+(-[a-z\d]+)*$/.test(options.name)) {
    throw new Error(`@RateLimit: "name" is ${JSON.stringify(options.name)}: write a name such as "daily-reports".`);
  }
  return applyDecorators(
    addRule(options),
    UseGuards(RateLimitEnhancer),
    UseInterceptors(RateLimitEnhancer),
    ApiProblems(TooManyRequestsError),
  );
}
