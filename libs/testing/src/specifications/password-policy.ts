import assert from 'node:assert/strict';
import type { PasswordContext, PasswordPolicy } from 'postern/password';
import { copyOf, snapshotOf } from './snapshot.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Passwords that the policy is known to judge. */
export interface PasswordPolicyCases {
  readonly accepts: readonly string[];
  readonly refuses: readonly string[];
  /** Whose password it is; somebody at example.com unless told. */
  readonly context?: PasswordContext;
}

const HOSTILE = ['', ' '.repeat(1024), 'a'.repeat(1024), '(a+)+'.repeat(200), '🚣'.repeat(256), '\u202E\0\uFEFF'];

/**
 * What every `PasswordPolicy` promises.
 *
 * @example
 * ```ts
 * passwordPolicySpec(() => new NoSeasonNamesPolicy(), { accepts: ['seven small boats'], refuses: ['Summer 2026 is here'] });
 * ```
 */
export function passwordPolicySpec(
  make: Made<PasswordPolicy>,
  { accepts, refuses, context = { email: 'ada@example.com' } }: PasswordPolicyCases,
): void {
  specification('PasswordPolicy', {
    'finds nothing in a password that is good': async () => {
      const policy = await make();
      assert.ok(accepts.length > 0, 'name a password that is accepted');
      for (const password of accepts) assert.deepEqual(await policy.check(password, copyOf(context)), [], password);
    },
    'says of a bad one why it is refused: a code and a sentence': async () => {
      const policy = await make();
      assert.ok(refuses.length > 0, 'name a password that is refused');
      for (const password of refuses) {
        const violations = await policy.check(password, copyOf(context));
        assert.ok(violations.length > 0, `"${password}" was accepted`);
        for (const { code, detail } of violations) {
          assert.match(code, /^[a-z]+(-[a-z0-9]+)*$/, 'a code is kebab-case');
          assert.match(detail, /^\p{Lu}.*\.$/u, 'a detail is a sentence');
        }
      }
    },
    'never repeats the password': async () => {
      const policy = await make();
      for (const password of refuses) {
        const told = JSON.stringify(await policy.check(password, copyOf(context)));
        assert.ok(!told.includes(password), 'the violation shows the password');
      }
    },
    'judges whatever text comes, and in no time': async () => {
      const policy = await make();
      for (const password of HOSTILE) {
        const start = performance.now();
        assert.ok(Array.isArray(await policy.check(password, copyOf(context))));
        assert.ok(performance.now() - start < 1000, 'more than a second');
      }
    },
    'changes nothing of the context': async () => {
      const policy = await make();
      const given = copyOf(context);
      const before = snapshotOf(given);
      for (const password of [...accepts, ...refuses]) await policy.check(password, given);
      assert.equal(snapshotOf(given), before);
    },
  });
}
