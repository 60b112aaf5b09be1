import type { Type } from '@nestjs/common';
import type { LimitName } from '../checked-limits-settings.js';

export const ATTEMPT_RULE = Symbol.for('postern:attempt-rule');

/** The limits of a route, and the requests that count. */
export interface AttemptRule {
  /**
   * `mailAddress` counts by the member `email` of the body, and each other limit by network. `token` counts after the
   * attempt, because a token of 256 random bits cannot be guessed: a valid token then costs no query.
   */
  readonly limits: readonly Extract<LimitName, 'token' | 'registration' | 'mailAddress' | 'mailNetwork'>[];
  /** The errors that count (default: each request counts). The point of any other request returns. */
  readonly failures?: readonly Type<Error>[];
}

/** The rule of a handler. */
export function attemptRuleOf(handler: object): AttemptRule | undefined {
  return Reflect.getMetadata(ATTEMPT_RULE, handler) as AttemptRule | undefined;
}
