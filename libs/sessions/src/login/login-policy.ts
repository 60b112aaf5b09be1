import { Injectable } from '@nestjs/common';
import type { UserBase } from 'postern/users';
import type { SessionContext } from './session-context.js';
import { AccountDisabledError } from '../sessions.errors.js';

/** A login or a refresh: its client, its authentication methods, and its kind. */
export interface LoginAttempt extends SessionContext {
  readonly kind: 'login' | 'refresh';
}

/**
 * Decides whether an authenticated user may have a session. Each login and each refresh calls it. If it rejects a
 * refresh, the session ends.
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
  /** Resolves to allow the attempt; throws an `AuthError` with a status below 500 to reject it. */
  abstract check(user: U, attempt: LoginAttempt): Promise<void> | void;
}

/**
 * The login policy of another module, after those of the application. `AccountsModule` provides it: it rejects users
 * with an unverified e-mail address if the application requires a verified one.
 */
export abstract class AccountLoginPolicy extends LoginPolicy {}

/** Rejects disabled users. It is always the first policy. */
@Injectable()
export class NotDisabledPolicy extends LoginPolicy {
  /** @throws AccountDisabledError */
  check(user: UserBase): void {
    if (user.disabledAt) throw new AccountDisabledError();
  }
}

/** All policies of the application, called in order. */
export class LoginPolicies {
  constructor(private readonly policies: readonly LoginPolicy[]) {}

  /** Resolves if all policies allow the attempt; otherwise throws the error of the first one that does not. */
  async check(user: UserBase, attempt: LoginAttempt): Promise<void> {
    for (const policy of this.policies) await policy.check(user, attempt);
  }
}
