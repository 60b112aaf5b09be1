import assert from 'node:assert/strict';
import type { LoginAttempt, LoginPolicy } from 'postern/sessions';
import type { UserBase } from 'postern/users';
import { assertRejected } from './rejection.js';
import { copyOf, snapshotOf } from './snapshot.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** A user and an attempt. Without `kind` the policy is called for a login and for a refresh, as in an application. */
export interface LoginCase<U extends UserBase = UserBase> {
  readonly user: U;
  readonly attempt?: Partial<LoginAttempt>;
}

/** Users that the policy must admit, and users that it must reject. */
export interface LoginPolicyCases<U extends UserBase = UserBase> {
  readonly admits: readonly LoginCase<U>[];
  readonly rejects: readonly LoginCase<U>[];
}

/**
 * Tests the promises of a `LoginPolicy`.
 *
 * @example
 * ```ts
 * loginPolicySpec(() => new StillEmployedPolicy(), { admits: [{ user: ada }], rejects: [{ user: formerEmployee }] });
 * ```
 */
export function loginPolicySpec<U extends UserBase>(make: Made<LoginPolicy<U>>, cases: LoginPolicyCases<U>): void {
  specification('LoginPolicy', {
    'check() admits a user without a reason to reject': async () => {
      const policy = await make();
      assert.ok(cases.admits.length > 0, '`admits` must not be empty');
      for (const [user, attempt] of cases.admits.flatMap(attemptsOf)) await policy.check(user, attempt);
    },
    'check() rejects with an AuthError, at login and at refresh': async () => {
      const policy = await make();
      assert.ok(cases.rejects.length > 0, '`rejects` must not be empty');
      for (const [user, attempt] of cases.rejects.flatMap(attemptsOf)) {
        await assertRejected(() => policy.check(user, attempt), `a ${attempt.kind} of ${user.email}`);
      }
    },
    'check() does not change the user': async () => {
      const policy = await make();
      for (const [user, attempt] of [...cases.admits, ...cases.rejects].flatMap(attemptsOf)) {
        const before = snapshotOf(user);
        await Promise.resolve()
          .then(() => policy.check(user, attempt))
          .catch(() => undefined);
        assert.equal(snapshotOf(user), before);
      }
    },
  });
}

function attemptsOf<U extends UserBase>({ user, attempt }: LoginCase<U>): [U, LoginAttempt][] {
  const kinds = attempt?.kind ? [attempt.kind] : (['login', 'refresh'] as const);
  return kinds.map((kind) => [
    copyOf(user),
    { ipAddress: '192.0.2.7', userAgent: 'tests', amr: ['pwd'], ...attempt, kind },
  ]);
}
