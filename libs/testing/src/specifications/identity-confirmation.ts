import assert from 'node:assert/strict';
import type { IdentityConfirmation, IdentityProof } from 'postern/users';
import { assertRejected } from './rejection.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const OTHER_USER = '01938f2e-6a1c-7d3a-9c55-000000000000';

/** A user, with valid and invalid evidence. */
export interface IdentityConfirmationCases {
  readonly userId: string;
  readonly right: IdentityProof;
  readonly wrong: readonly IdentityProof[];
}

/**
 * Tests the promises of an `IdentityConfirmation`.
 *
 * @param cases called for each statement, so that it can store the user first
 */
export function identityConfirmationSpec(
  make: Made<IdentityConfirmation>,
  cases: Made<IdentityConfirmationCases>,
): void {
  specification('IdentityConfirmation', {
    'confirm() resolves for valid evidence': async () => {
      const { userId, right } = await cases();
      await (await make()).confirm(userId, right);
    },
    'confirm() rejects invalid and missing evidence': async () => {
      const confirmation = await make();
      const { userId, wrong } = await cases();
      assert.ok(wrong.length > 0, '`wrong` must not be empty');
      for (const proof of [...wrong, {}]) {
        await assertRejected(() => confirmation.confirm(userId, proof), 'invalid evidence');
      }
    },
    'confirm() rejects valid evidence for another user': async () => {
      const confirmation = await make();
      const { right } = await cases();
      await assertRejected(() => confirmation.confirm(OTHER_USER, right), 'another user');
    },
  });
}
