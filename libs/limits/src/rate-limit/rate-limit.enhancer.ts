import { Injectable } from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { SSE_METADATA } from '@nestjs/common/constants.js';
import type { Principal } from 'postern/auth';
import type { Observable } from 'rxjs';
import { CheckedLimitsSettings } from '../checked-limits-settings.js';
import type { Claim } from '../limit.js';
import { Limits } from '../limits.service.js';
import { rateLimitHeadersOf } from './rate-limit-headers.js';
import { rulesOf } from './rate-limit-rules.js';
import type { RateLimitRule } from './rate-limit-rules.js';

/** The members that a request of Fastify and of Express share. */
interface LimitedRequest {
  readonly ip?: string;
  readonly principal?: Principal;
}

/** The response of Fastify or Express. */
interface LimitedResponse {
  header(name: string, value: string): unknown;
}

/**
 * Counts a request for each `@RateLimit` of its class and method. It is an interceptor, so that every guard has run and
 * the order of decorators does not matter. For a stream of events it is a guard, because Nest sends the status of a
 * stream before the interceptors.
 */
@Injectable()
export class RateLimitEnhancer implements CanActivate, NestInterceptor {
  /** Class and method may both name this enhancer; Nest then calls it twice with one context. */
  private readonly counted = new WeakSet<ExecutionContext>();

  constructor(
    private readonly limits: Limits,
    private readonly settings: CheckedLimitsSettings,
  ) {}

  /** @throws TooManyRequestsError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isStream(context)) await this.count(context);
    return true;
  }

  /** @throws TooManyRequestsError */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (!isStream(context)) await this.count(context);
    return next.handle();
  }

  private async count(context: ExecutionContext): Promise<void> {
    if (this.counted.has(context)) return;
    this.counted.add(context);
    const rules = rulesOf(context.getClass(), context.getHandler());
    const { states } = await this.limits.take(rules.map((rule) => this.claimOf(rule, context)));
    const response = context.switchToHttp().getResponse<LimitedResponse>();
    for (const [name, value] of Object.entries(rateLimitHeadersOf(states))) response.header(name, value);
  }

  private claimOf({ name, points, seconds, by = 'network' }: RateLimitRule, context: ExecutionContext): Claim {
    const { ip, principal } = context.switchToHttp().getRequest<LimitedRequest>();
    const chosen = typeof by === 'function' ? by(context) : by === 'user' ? principal?.subject : undefined;
    const subject = chosen === undefined ? `network ${this.settings.networkOf(ip)}` : `subject ${chosen}`;
    // A name of a route must not share its counters with a limit of the settings.
    return { name, key: `route ${subject}`, points, seconds };
  }
}

const isStream = (context: ExecutionContext): boolean => Reflect.hasMetadata(SSE_METADATA, context.getHandler());
