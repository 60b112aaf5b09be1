import { Injectable, Optional } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import { CheckedLimitsSettings } from '../checked-limits-settings.js';
import type { Claim } from '../limit.js';
import { Limits } from '../limits.service.js';
import { attemptRuleOf } from './attempt-rule.js';
import type { AttemptRule } from './attempt-rule.js';

interface AttemptRequest {
  readonly ip?: string;
  readonly body?: { readonly email?: unknown };
}

/** Counts the attempts of a route with `@LimitAttempts`. */
@Injectable()
export class LimitAttemptsInterceptor implements NestInterceptor {
  constructor(
    @Optional() private readonly limits?: Limits,
    @Optional() private readonly settings?: CheckedLimitsSettings,
  ) {}

  /** @throws TooManyRequestsError */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const rule = attemptRuleOf(context.getHandler());
    const { limits, settings } = this;
    if (rule === undefined || limits === undefined || settings === undefined) return next.handle();
    const claims = claimsOf(rule, context.switchToHttp().getRequest<AttemptRequest>(), settings);
    const { failures } = rule;
    const isFailure = (error: unknown) => failures?.some((type) => error instanceof type) ?? true;
    if (rule.limits.includes('token')) {
      limits.assertFree(claims);
      return next.handle().pipe(
        catchError((error: unknown) => {
          // The response does not wait for it.
          if (isFailure(error)) void limits.count(claims);
          throw error;
        }),
      );
    }
    const permit = await limits.take(claims);
    if (failures === undefined) return next.handle();
    return next.handle().pipe(
      tap({
        complete: () => limits.giveBack(permit),
        error: (error: unknown) => void (isFailure(error) || limits.giveBack(permit)),
      }),
    );
  }
}

function claimsOf({ limits }: AttemptRule, { ip, body }: AttemptRequest, settings: CheckedLimitsSettings): Claim[] {
  const network = settings.networkOf(ip);
  return limits.flatMap((name) => {
    if (name !== 'mailAddress') return settings.claims({ [name]: network });
    const email = body?.email;
    return typeof email === 'string'
      ? settings.claims({ mailAddress: email.trim().normalize('NFKC').toLowerCase() })
      : [];
  });
}
