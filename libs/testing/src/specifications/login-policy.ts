import assert from 'node:assert/strict';
import type { LoginAttempt, LoginPolicy } from 'postern/sessions';
import type { UserBase } from 'postern/users';
import { assertRefused } from './refusal.js';
import { copyOf, snapshotOf } from './snapshot.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Who asks, and how. Without `kind` it is asked both at login and at refresh, as in an application. */
export interface LoginCase<U extends UserBase = UserBase> {
  readonly user: U;
  readonly attempt?: Partial<LoginAttempt>;
}

/** Whom the policy is known to let in, and whom not. */
export interface LoginPolicyCases<U extends UserBase = UserBase> {
  readonly admits: readonly LoginCase<U>[];
  readonly refuses: readonly LoginCase<U>[];
}

/**
 * What every `LoginPolicy` promises.
 *
 * @example
 * ```ts
 * loginPolicySpec(() => new StillEmployedPolicy(), { admits: [{ user: ada }], refuses: [{ user: somebodyWhoLeft }] });
 * ```
 */
export function loginPolicySpec<U extends UserBase>(make: Made<LoginPolicy<U>>, cases: LoginPolicyCases<U>): void {
  specification('LoginPolicy', {
    'lets in whom it knows no reason to refuse': async () => {
      const policy = await make();
      assert.ok(cases.admits.length > 0, 'name a user that is admitted');
      for (const [user, attempt] of cases.admits.flatMap(attemptsOf)) await policy.check(user, attempt);
    },
    'refuses with an error that the caller may read, at login as well as at refresh': async () => {
      const policy = await make();
      assert.ok(cases.refuses.length > 0, 'name a user that is refused');
      for (const [user, attempt] of cases.refuses.flatMap(attemptsOf)) {
        await assertRefused(() => policy.check(user, attempt), `a ${attempt.kind} of ${user.email}`);
      }
    },
    'changes nothing of the user': async () => {
      const policy = await make();
      for (const [user, attempt] of [...cases.admits, ...cases.refuses].flatMap(attemptsOf)) {
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
