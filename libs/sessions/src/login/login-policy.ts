import { Injectable } from '@nestjs/common';
import type { UserBase } from 'postern/users';
import type { SessionContext } from './session-context.js';
import { AccountDisabledError } from '../sessions.errors.js';

/** Who asks to be let in, from where, and whether for the first time or again. */
export interface LoginAttempt extends SessionContext {
  readonly kind: 'login' | 'refresh';
}

/**
 * Decides whether a user whose identity is proven may have a session. Asked at each login and each refresh; where it
 * refuses a refresh, the session is ended.
 *
 * @example
 * ```ts
 * @Injectable()
 * class OfficeHoursPolicy extends LoginPolicy<Employee> {
 *   async check(employee: Employee, attempt: LoginAttempt) {
 *     if (attempt.kind === 'login' && new Date().getHours() < 6) throw new OfficeClosedError();
 *   }
 * }
 * SessionsModule.forRoot({ policies: [OfficeHoursPolicy] })
 * ```
 */
export abstract class LoginPolicy<U extends UserBase = UserBase> {
  /** Resolves to let the user in; throws an `AuthError` with a status below 500 to refuse. */
  abstract check(user: U, attempt: LoginAttempt): Promise<void> | void;
}

/** Refuses disabled users. Always asked, and asked first. */
@Injectable()
export class NotDisabledPolicy extends LoginPolicy {
  /** @throws AccountDisabledError */
  check(user: UserBase): void {
    if (user.disabledAt) throw new AccountDisabledError();
  }
}

/** All policies of this application, asked one after the other. */
export class LoginPolicies {
  constructor(private readonly policies: readonly LoginPolicy[]) {}

  /** Resolves where none refuses; throws what the first one throws that does. */
  async check(user: UserBase, attempt: LoginAttempt): Promise<void> {
    for (const policy of this.policies) await policy.check(user, attempt);
  }
}
