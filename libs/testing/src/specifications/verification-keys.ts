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
  'nobody',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "' OR 1=1 --",
  'a\0b',
  'k'.repeat(10_000),
];

/**
 * What every `VerificationKeys` promises.
 *
 * @param known made anew for each statement, as the key may have to be made first
 * @example
 * ```ts
 * verificationKeysSpec(() => keys, () => ({ issuer: 'https://id.acme.com', kid: 'key-1' }));
 * ```
 */
export function verificationKeysSpec(make: Made<VerificationKeys>, known: Made<KnownVerificationKey>): void {
  specification('VerificationKeys', {
    'finds a key of its issuer: public, or a secret for HS256, and alive': async () => {
      const keys = await make();
      const { issuer, kid } = await known();
      const found = await keys.find(issuer, kid);
      assert.ok(found, 'the key is not found');
      assert.equal(found.kid, kid);
      assert.equal(found.key.type, found.alg === 'HS256' ? 'secret' : 'public');
      assert.equal(keys.isLive(issuer, kid), true);
    },
    'hands it out at once when it is asked again': async () => {
      const keys = await make();
      const { issuer, kid } = await known();
      await keys.find(issuer, kid);
      assert.ok(!(keys.find(issuer, kid) instanceof Promise), 'a promise, for what is at hand');
    },
    'knows no key of another issuer, whatever it is called': async () => {
      const keys = await make();
      const { issuer, kid } = await known();
      await keys.find(issuer, kid);
      for (const other of [`${issuer}/`, issuer.toUpperCase(), 'https://stranger.test', '', '__proto__']) {
        assert.equal(await keys.find(other, kid), undefined, other);
        assert.equal(keys.isLive(other, kid), false, other);
      }
    },
    'knows no key of another name, and throws for none': async () => {
      const keys = await make();
      const { issuer } = await known();
      for (const kid of NO_KEY) {
        assert.equal(await keys.find(issuer, kid), undefined, kid.slice(0, 20));
        assert.equal(keys.isLive(issuer, kid), false, kid.slice(0, 20));
      }
    },
  });
}
