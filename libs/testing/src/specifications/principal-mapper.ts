import assert from 'node:assert/strict';
import type { Principal, PrincipalMapper } from 'postern/auth';
import { AuthError } from 'postern/problem';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Principals that the mapper must map, and principals that it must reject. */
export interface PrincipalMapperCases {
  readonly knows: readonly Principal[];
  /** Leave it out for a mapper that maps every principal. */
  readonly rejects?: readonly Principal[];
}

/**
 * Tests the promises of a `PrincipalMapper`.
 *
 * @example
 * ```ts
 * principalMapperSpec(() => new EmployeeMapper(employees), {
 *   knows: [testPrincipal({ subject: ada.id })],
 *   rejects: [testPrincipal({ subject: 'unknown' })],
 * });
 * ```
 */
export function principalMapperSpec(make: Made<PrincipalMapper>, { knows, rejects = [] }: PrincipalMapperCases): void {
  specification('PrincipalMapper', {
    'map() returns the user of a known principal': async () => {
      const mapper = await make();
      assert.ok(knows.length > 0, '`knows` must not be empty');
      for (const principal of knows) {
        const user = await mapper.map(principal);
        assert.ok(user !== undefined && user !== null, `${principal.subject} was rejected`);
      }
    },
    'map() rejects an unknown principal with undefined, null or an AuthError': async () => {
      const mapper = await make();
      for (const principal of rejects) {
        const user = await Promise.resolve()
          .then(() => mapper.map(principal))
          .catch((error: unknown) => {
            assert.ok(error instanceof AuthError && error.status < 500, String(error));
          });
        assert.ok(user === undefined || user === null, `${principal.subject} was mapped`);
      }
    },
    'map() does not change the principal, which is cached for several requests': async () => {
      const mapper = await make();
      for (const principal of [...knows, ...rejects].map(frozen)) {
        await Promise.resolve()
          .then(() => mapper.map(principal))
          .catch((error: unknown) => assert.ok(!(error instanceof TypeError), String(error)));
      }
    },
    'map() does not mix up concurrent calls': async () => {
      const mapper = await make();
      const sequential = [];
      for (const principal of knows) sequential.push(await mapper.map(principal));
      const concurrent = await Promise.all(knows.map(async (principal) => mapper.map(principal)));
      assert.deepEqual(concurrent, sequential);
    },
  });
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
