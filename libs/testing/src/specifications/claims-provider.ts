import assert from 'node:assert/strict';
import { isScopeToken } from 'postern/jws';
import type { ClaimsProvider, Session, SessionClaims } from 'postern/sessions';
import type { UserBase } from 'postern/users';
import { copyOf, snapshotOf } from './snapshot.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Claims that only the server sets. */
const RESERVED =
  'iss aud sub iat nbf exp jti sid client_id scope org acr amr auth_time cnf act may_act azp events'.split(' ');
const MAX_BYTES = 4096;

/**
 * Tests the promises of a `ClaimsProvider`.
 *
 * @param users one of each kind that the application has
 * @example
 * ```ts
 * claimsProviderSpec(() => new EmployeeClaims(), [ada, userWithoutCostCentre]);
 * ```
 */
export function claimsProviderSpec<U extends UserBase>(make: Made<ClaimsProvider<U>>, users: readonly U[]): void {
  const claimsOfEach = async (each = users.map(copyOf)): Promise<SessionClaims[]> => {
    const provider = await make();
    assert.ok(users.length > 0, 'name a user');
    return Promise.all(each.map(async (user) => provider.claims(user, sessionOf(user))));
  };
  specification('ClaimsProvider', {
    'claims() returns only values that JSON preserves': async () => {
      for (const claims of await claimsOfEach()) {
        const defined = Object.entries(claims).filter(([, value]) => value !== undefined);
        assert.deepEqual(JSON.parse(JSON.stringify(claims)), Object.fromEntries(defined));
      }
    },
    'claims() returns no claim that only the server may set': async () => {
      for (const claims of await claimsOfEach()) {
        assert.deepEqual(
          Object.keys(claims).filter((name) => RESERVED.includes(name)),
          [],
        );
      }
    },
    'claims() returns roles and scopes as lists of tokens': async () => {
      for (const { roles = [], scopes = [] } of await claimsOfEach()) {
        assert.ok(Array.isArray(roles) && roles.every((role) => typeof role === 'string' && role !== ''));
        // RFC 6749 §3.3: a scope token has no spaces and quotation marks.
        assert.ok(Array.isArray(scopes) && scopes.every(isScopeToken));
      }
    },
    'claims() returns at most 4 KiB': async () => {
      for (const claims of await claimsOfEach()) assert.ok(JSON.stringify(claims).length <= MAX_BYTES);
    },
    'claims() does not change the user': async () => {
      const each = users.map(copyOf);
      const before = snapshotOf(each);
      await claimsOfEach(each);
      assert.equal(snapshotOf(each), before);
    },
  });
}

function sessionOf(user: UserBase): Readonly<Session> {
  const now = new Date();
  return Object.freeze({
    id: '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a12',
    userId: user.id,
    seed: Buffer.alloc(32),
    generation: 0,
    userAgent: 'tests',
    ipAddress: '192.0.2.7',
    amr: ['pwd'],
    authenticatedAt: now,
    createdAt: now,
    lastUsedAt: now,
    rotatedAt: null,
    expiresAt: new Date(now.getTime() + 3_600_000),
    endedAt: null,
    endedReason: null,
  });
}
