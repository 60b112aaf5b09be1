import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { ApiProblems } from 'postern/problem';
import { TooManyRequestsError } from '../limits.errors.js';
import type { AttemptRule } from './attempt-rule.js';
import { ATTEMPT_RULE } from './attempt-rule.js';
import { LimitAttemptsInterceptor } from './limit-attempts.interceptor.js';

/**
 * Applies limits of the settings to a route of Postern, for an override or a replacement of that route. Routes of your
 * own have `@RateLimit`. Without `LimitsModule`, it does nothing.
 * @throws TooManyRequestsError
 * @example
 * ```ts
 * \@Post('refresh')
 * \@LimitAttempts({ limits: ['token'], failures: [RefreshTokenInvalidError] })
 * refresh() {}
 * ```
 */
export function LimitAttempts(rule: AttemptRule): MethodDecorator {
  return applyDecorators(
    SetMetadata(ATTEMPT_RULE, rule),
    UseInterceptors(LimitAttemptsInterceptor),
    ApiProblems(TooManyRequestsError),
  );
}
