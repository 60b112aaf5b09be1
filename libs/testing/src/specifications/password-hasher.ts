import assert from 'node:assert/strict';
import type { PasswordHasher } from 'postern/password';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const PASSWORD = 'seven small boats at noon';
const UNREADABLE = ['', 'nonsense', '$2b$10$abcdefghijklmnopqrstuv', '$argon2id$v=19$m=64'];

/**
 * What every `PasswordHasher` promises.
 *
 * @example
 * ```ts
 * passwordHasherSpec(() => new ScryptPasswordHasher());
 * ```
 */
export function passwordHasherSpec(make: Made<PasswordHasher>): void {
  specification('PasswordHasher', {
    'makes another text of the same password each time, and none that shows it': async () => {
      const hasher = await make();
      const [one, two] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)]);
      assert.notEqual(one, two);
      assert.ok(!one.includes(PASSWORD), 'the hash shows the password');
    },
    'proves the password and no other': async () => {
      const hasher = await make();
      const made = await hasher.hash(PASSWORD);
      assert.equal(await hasher.verify(made, PASSWORD), true);
      for (const other of ['', PASSWORD.toUpperCase(), `${PASSWORD} `, PASSWORD.slice(0, -1)]) {
        assert.equal(await hasher.verify(made, other), false, `"${other}" was taken for "${PASSWORD}"`);
      }
    },
    'reads a password to its end: behind a NUL, behind 72 bytes, and 1,024 bytes long': async () => {
      const hasher = await make();
      for (const start of ['a\0', 'x'.repeat(72), 'é'.repeat(511)]) {
        const made = await hasher.hash(`${start}a`);
        assert.equal(await hasher.verify(made, `${start}a`), true);
        assert.equal(await hasher.verify(made, `${start}b`), false, `what follows ${start.length} characters is lost`);
      }
    },
    'takes every script': async () => {
      const hasher = await make();
      for (const password of ['sieben kleine Böötchen', '七艘小船在中午', '🚣🚣🚣 🕛']) {
        assert.equal(await hasher.verify(await hasher.hash(password), password), true);
      }
    },
    'takes an unreadable hash for one that proves nothing, and asks for a new one': async () => {
      const hasher = await make();
      for (const stored of UNREADABLE) {
        assert.equal(await hasher.verify(stored, PASSWORD), false);
        assert.equal(hasher.needsRehash(stored), true, `"${stored}" counts as current`);
      }
    },
    'takes for an unreadable hash the time that a readable one takes': async () => {
      const hasher = await make();
      const made = await hasher.hash(PASSWORD);
      const readable = await least(() => hasher.verify(made, PASSWORD));
      const unreadable = await least(() => hasher.verify('nonsense', PASSWORD));
      assert.ok(unreadable > readable / 5, `${unreadable} ms instead of ${readable} ms tell that there is no password`);
    },
    'takes for a wrong password the time that the right one takes': async () => {
      const hasher = await make();
      const made = await hasher.hash(PASSWORD);
      const right = await least(() => hasher.verify(made, PASSWORD));
      const wrong = await least(() => hasher.verify(made, `${PASSWORD}!`));
      assert.ok(wrong > right / 5 && wrong < right * 5, `${wrong} ms instead of ${right} ms show that it is wrong`);
    },
    'verifies what another instance has made, as another replica does': async () => {
      const made = await (await make()).hash(PASSWORD);
      const hasher = await make();
      assert.equal(await hasher.verify(made, PASSWORD), true);
      assert.equal(await hasher.verify(made, `${PASSWORD}!`), false);
    },
    'asks for no new hash of what it has just made': async () => {
      const hasher = await make();
      assert.equal(hasher.needsRehash(await hasher.hash(PASSWORD)), false);
    },
    'keeps apart what is asked at the same time': async () => {
      const hasher = await make();
      const passwords = Array.from({ length: 12 }, (_, index) => `${PASSWORD} ${index}`);
      const hashes = await Promise.all(passwords.map((password) => hasher.hash(password)));
      const right = await Promise.all(hashes.map((made, index) => hasher.verify(made, passwords[index]!)));
      const wrong = await Promise.all(hashes.map((made, index) => hasher.verify(made, passwords[(index + 1) % 12]!)));
      assert.ok(right.every(Boolean) && !wrong.some(Boolean));
    },
  });
}

/** The least of some runs, in milliseconds: what others do on the machine only ever adds. */
async function least(act: () => Promise<unknown>): Promise<number> {
  let shortest = Infinity;
  for (let run = 0; run < 5; run += 1) {
    const start = performance.now();
    await act();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}
