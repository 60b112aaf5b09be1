import assert from 'node:assert/strict';
import type { Principal, PrincipalMapper } from 'postern/auth';
import { AuthError } from 'postern/problem';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Principals that the mapper is known to know, and to know nothing of. */
export interface PrincipalMapperCases {
  readonly knows: readonly Principal[];
  /** Leave it out for a mapper that takes everybody. */
  readonly refuses?: readonly Principal[];
}

/**
 * What every `PrincipalMapper` promises.
 *
 * @example
 * ```ts
 * principalMapperSpec(() => new EmployeeMapper(employees), {
 *   knows: [testPrincipal({ subject: ada.id })],
 *   refuses: [testPrincipal({ subject: 'nobody' })],
 * });
 * ```
 */
export function principalMapperSpec(make: Made<PrincipalMapper>, { knows, refuses = [] }: PrincipalMapperCases): void {
  specification('PrincipalMapper', {
    'knows whom a token speaks for': async () => {
      const mapper = await make();
      assert.ok(knows.length > 0, 'name a principal that is known');
      for (const principal of knows) {
        const user = await mapper.map(principal);
        assert.ok(user !== undefined && user !== null, `${principal.subject} is not known`);
      }
    },
    'refuses the others by undefined, null or an error that the caller may read': async () => {
      const mapper = await make();
      for (const principal of refuses) {
        const user = await Promise.resolve()
          .then(() => mapper.map(principal))
          .catch((error: unknown) => {
            assert.ok(error instanceof AuthError && error.status < 500, String(error));
          });
        assert.ok(user === undefined || user === null, `${principal.subject} was let in`);
      }
    },
    'leaves the principal as it is: one proof serves many requests': async () => {
      const mapper = await make();
      for (const principal of [...knows, ...refuses].map(frozen)) {
        await Promise.resolve()
          .then(() => mapper.map(principal))
          .catch((error: unknown) => assert.ok(!(error instanceof TypeError), String(error)));
      }
    },
    'keeps apart what is asked at the same time': async () => {
      const mapper = await make();
      const apart = [];
      for (const principal of knows) apart.push(await mapper.map(principal));
      const together = await Promise.all(knows.map(async (principal) => mapper.map(principal)));
      assert.deepEqual(together, apart);
    },
  });
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
