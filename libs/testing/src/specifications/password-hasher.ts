import assert from 'node:assert/strict';
import type { PasswordHasher } from 'postern/password';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const PASSWORD = 'seven small boats at noon';
const UNREADABLE = ['', 'nonsense', '$2b$10$abcdefghijklmnopqrstuv', '$argon2id$v=19$m=64'];

/**
 * Tests the promises of a `PasswordHasher`.
 *
 * @example
 * ```ts
 * passwordHasherSpec(() => new ScryptPasswordHasher());
 * ```
 */
export function passwordHasherSpec(make: Made<PasswordHasher>): void {
  specification('PasswordHasher', {
    'hash() returns a different hash each time, without the password in it': async () => {
      const hasher = await make();
      const [first, second] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)]);
      assert.notEqual(first, second);
      assert.ok(!first.includes(PASSWORD), 'the hash contains the password');
    },
    'verify() accepts the password and no other': async () => {
      const hasher = await make();
      const hash = await hasher.hash(PASSWORD);
      assert.equal(await hasher.verify(hash, PASSWORD), true);
      for (const other of ['', PASSWORD.toUpperCase(), `${PASSWORD} `, PASSWORD.slice(0, -1)]) {
        assert.equal(await hasher.verify(hash, other), false, `"${other}" was accepted instead of "${PASSWORD}"`);
      }
    },
    'verify() compares the whole password: after a NUL, after 72 bytes, and with 1,024 bytes': async () => {
      const hasher = await make();
      for (const start of ['a\0', 'x'.repeat(72), 'é'.repeat(511)]) {
        const hash = await hasher.hash(`${start}a`);
        assert.equal(await hasher.verify(hash, `${start}a`), true);
        assert.equal(
          await hasher.verify(hash, `${start}b`),
          false,
          `characters after the first ${start.length} are ignored`,
        );
      }
    },
    'hash() and verify() accept every script': async () => {
      const hasher = await make();
      for (const password of ['sieben kleine Böötchen', '七艘小船在中午', '🚣🚣🚣 🕛']) {
        assert.equal(await hasher.verify(await hasher.hash(password), password), true);
      }
    },
    'verify() returns false for an unreadable hash, and needsRehash() returns true': async () => {
      const hasher = await make();
      for (const stored of UNREADABLE) {
        assert.equal(await hasher.verify(stored, PASSWORD), false);
        assert.equal(hasher.needsRehash(stored), true, `"${stored}" needs no rehash`);
      }
    },
    'verify() takes the same time for an unreadable hash': async () => {
      const hasher = await make();
      const hash = await hasher.hash(PASSWORD);
      const readable = await least(() => hasher.verify(hash, PASSWORD));
      const unreadable = await least(() => hasher.verify('nonsense', PASSWORD));
      assert.ok(
        unreadable > readable / 5,
        `${unreadable} ms instead of ${readable} ms reveal that there is no password`,
      );
    },
    'verify() takes the same time for a wrong password': async () => {
      const hasher = await make();
      const hash = await hasher.hash(PASSWORD);
      const right = await least(() => hasher.verify(hash, PASSWORD));
      const wrong = await least(() => hasher.verify(hash, `${PASSWORD}!`));
      assert.ok(
        wrong > right / 5 && wrong < right * 5,
        `${wrong} ms instead of ${right} ms reveal that the password is wrong`,
      );
    },
    'verify() accepts a hash of another instance, such as another replica': async () => {
      const hash = await (await make()).hash(PASSWORD);
      const hasher = await make();
      assert.equal(await hasher.verify(hash, PASSWORD), true);
      assert.equal(await hasher.verify(hash, `${PASSWORD}!`), false);
    },
    'needsRehash() returns false for a new hash': async () => {
      const hasher = await make();
      assert.equal(hasher.needsRehash(await hasher.hash(PASSWORD)), false);
    },
    'hash() and verify() do not mix up concurrent calls': async () => {
      const hasher = await make();
      const passwords = Array.from({ length: 12 }, (_, index) => `${PASSWORD} ${index}`);
      const hashes = await Promise.all(passwords.map((password) => hasher.hash(password)));
      const right = await Promise.all(hashes.map((hash, index) => hasher.verify(hash, passwords[index]!)));
      const wrong = await Promise.all(hashes.map((hash, index) => hasher.verify(hash, passwords[(index + 1) % 12]!)));
      assert.ok(right.every(Boolean) && !wrong.some(Boolean));
    },
  });
}

/** The shortest of five runs, in milliseconds: other load on the machine can only make a run longer. */
async function least(act: () => Promise<unknown>): Promise<number> {
  let shortest = Infinity;
  for (let run = 0; run < 5; run += 1) {
    const start = performance.now();
    await act();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}
