import assert from 'node:assert/strict';
import type { VerificationKeys } from 'postern/auth';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** An issuer and one of its keys. */
export interface KnownVerificationKey {
  readonly issuer: string;
  readonly kid: string;
}

const NO_KEY = [
  '',
  'unknown',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "' OR 1=1 --",
  'a\0b',
  'k'.repeat(10_000),
];

/**
 * Tests the promises of `VerificationKeys`.
 *
 * @param makeKey called for each statement, so that it can create the key first
 * @example
 * ```ts
 * verificationKeysSpec(() => keys, () => ({ issuer: 'https://id.acme.com', kid: 'key-1' }));
 * ```
 */
export function verificationKeysSpec(make: Made<VerificationKeys>, makeKey: Made<KnownVerificationKey>): void {
  specification('VerificationKeys', {
    'find() returns a live key of the issuer: a public key, or a secret for HS256': async () => {
      const keys = await make();
      const { issuer, kid } = await makeKey();
      const found = await keys.find(issuer, kid);
      assert.ok(found, 'find() did not return the key');
      assert.equal(found.kid, kid);
      assert.equal(found.key.type, found.alg === 'HS256' ? 'secret' : 'public');
      assert.equal(keys.isLive(issuer, kid), true);
    },
    'find() returns a known key synchronously': async () => {
      const keys = await make();
      const { issuer, kid } = await makeKey();
      await keys.find(issuer, kid);
      assert.ok(!(keys.find(issuer, kid) instanceof Promise), 'find() returned a promise for a known key');
    },
    'find() returns no key for another issuer': async () => {
      const keys = await make();
      const { issuer, kid } = await makeKey();
      await keys.find(issuer, kid);
      for (const other of [`${issuer}/`, issuer.toUpperCase(), 'https://other.test', '', '__proto__']) {
        assert.equal(await keys.find(other, kid), undefined, other);
        assert.equal(keys.isLive(other, kid), false, other);
      }
    },
    'find() returns no key for an unknown kid, and does not throw': async () => {
      const keys = await make();
      const { issuer } = await makeKey();
      for (const kid of NO_KEY) {
        assert.equal(await keys.find(issuer, kid), undefined, kid.slice(0, 20));
        assert.equal(keys.isLive(issuer, kid), false, kid.slice(0, 20));
      }
    },
  });
}
