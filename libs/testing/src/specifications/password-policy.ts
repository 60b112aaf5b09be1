import assert from 'node:assert/strict';
import type { PasswordContext, PasswordPolicy } from 'postern/password';
import { copyOf, snapshotOf } from './snapshot.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Passwords that the policy must accept, and passwords that it must reject. */
export interface PasswordPolicyCases {
  readonly accepts: readonly string[];
  readonly rejects: readonly string[];
  /** The user of the password. Default: `ada@example.com`. */
  readonly context?: PasswordContext;
}

const HOSTILE = ['', ' '.repeat(1024), 'a'.repeat(1024), '(a+)+'.repeat(200), '🚣'.repeat(256), '\u202E\0\uFEFF'];

/**
 * Tests the promises of a `PasswordPolicy`.
 *
 * @example
 * ```ts
 * passwordPolicySpec(() => new NoSeasonsPolicy(), { accepts: ['seven small boats'], rejects: ['Summer 2026'] });
 * ```
 */
export function passwordPolicySpec(
  make: Made<PasswordPolicy>,
  { accepts, rejects, context = { email: 'ada@example.com' } }: PasswordPolicyCases,
): void {
  specification('PasswordPolicy', {
    'check() returns no violation for a good password': async () => {
      const policy = await make();
      assert.ok(accepts.length > 0, '`accepts` must not be empty');
      for (const password of accepts) assert.deepEqual(await policy.check(password, copyOf(context)), [], password);
    },
    'check() returns a code and a sentence for each violation': async () => {
      const policy = await make();
      assert.ok(rejects.length > 0, '`rejects` must not be empty');
      for (const password of rejects) {
        const violations = await policy.check(password, copyOf(context));
        assert.ok(violations.length > 0, `"${password}" was accepted`);
        for (const { code, detail } of violations) {
          assert.match(code, /^[a-z]+(-[a-z0-9]+)*$/, 'a code is kebab-case');
          assert.match(detail, /^\p{Lu}.*\.$/u, 'a detail is a sentence');
        }
      }
    },
    'check() never repeats the password': async () => {
      const policy = await make();
      for (const password of rejects) {
        const text = JSON.stringify(await policy.check(password, copyOf(context)));
        assert.ok(!text.includes(password), 'the violation contains the password');
      }
    },
    'check() handles every string within a second': async () => {
      const policy = await make();
      for (const password of HOSTILE) {
        const start = performance.now();
        assert.ok(Array.isArray(await policy.check(password, copyOf(context))));
        assert.ok(performance.now() - start < 1000, 'check() took more than a second');
      }
    },
    'check() does not change the context': async () => {
      const policy = await make();
      const copy = copyOf(context);
      const before = snapshotOf(copy);
      for (const password of [...accepts, ...rejects]) await policy.check(password, copy);
      assert.equal(snapshotOf(copy), before);
    },
  });
}
