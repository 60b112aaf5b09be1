import assert from 'node:assert/strict';
import type { IdentityConfirmation, IdentityProof } from 'postern/users';
import { assertRefused } from './refusal.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const SOMEBODY_ELSE = '01938f2e-6a1c-7d3a-9c55-000000000000';

/** What proves this user, and what does not. */
export interface IdentityConfirmationCases {
  readonly userId: string;
  readonly right: IdentityProof;
  readonly wrong: readonly IdentityProof[];
}

/**
 * What every `IdentityConfirmation` promises.
 *
 * @param cases made anew for each statement, as the user may have to be stored first
 */
export function identityConfirmationSpec(
  make: Made<IdentityConfirmation>,
  cases: Made<IdentityConfirmationCases>,
): void {
  specification('IdentityConfirmation', {
    'is content with the right proof': async () => {
      const { userId, right } = await cases();
      await (await make()).confirm(userId, right);
    },
    'refuses every other one, and none at all': async () => {
      const confirmation = await make();
      const { userId, wrong } = await cases();
      assert.ok(wrong.length > 0, 'name a proof that is refused');
      for (const proof of [...wrong, {}]) {
        await assertRefused(() => confirmation.confirm(userId, proof), 'a wrong proof');
      }
    },
    'refuses the right proof for somebody else': async () => {
      const confirmation = await make();
      const { right } = await cases();
      await assertRefused(() => confirmation.confirm(SOMEBODY_ELSE, right), 'somebody else');
    },
  });
}
