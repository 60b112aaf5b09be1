import { Argon2PasswordHasher } from './argon2-password-hasher.js';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import type { PasswordSettings } from '../password.module-definition.js';
import { Peppers } from './peppers.js';

const cheap = { memoryKiB: 64, iterations: 1, parallelism: 1 };
const hasher = (settings: PasswordSettings = {}) =>
  new Argon2PasswordHasher(new CheckedPasswordSettings({ argon2: cheap, ...settings }));

describe('Argon2PasswordHasher', () => {
  it('makes argon2id hashes with the parameters that OWASP recommends, by default', async () => {
    const made = await new Argon2PasswordHasher(new CheckedPasswordSettings()).hash('seven small boats');
    expect(made).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('verifies the right password alone, and uses a new salt for each hash', async () => {
    const subject = hasher();
    const [one, two] = await Promise.all([subject.hash('seven small boats'), subject.hash('seven small boats')]);
    expect(one).not.toBe(two);
    await expect(subject.verify(one, 'seven small boats')).resolves.toBe(true);
    await expect(subject.verify(one, 'seven small boatS')).resolves.toBe(false);
  });

  it('distinguishes passwords that differ after a NUL or after 72 bytes', async () => {
    const subject = hasher();
    const long = 'x'.repeat(72);
    await expect(subject.verify(await subject.hash('a\0b'), 'a\0c')).resolves.toBe(false);
    await expect(subject.verify(await subject.hash(`${long}a`), `${long}b`)).resolves.toBe(false);
  });

  it.each(['memoryKiB', 'iterations', 'parallelism'] as const)(
    'asks for a new hash when %s has changed',
    async (name) => {
      const made = await hasher().hash('seven small boats');
      expect(hasher().needsRehash(made)).toBe(false);
      expect(hasher({ argon2: { ...cheap, [name]: cheap[name] + 1 } }).needsRehash(made)).toBe(true);
    },
  );

  it('verifies a hash with the parameters that the hash was made with', async () => {
    const made = await hasher().hash('seven small boats');
    const later = hasher({ argon2: { ...cheap, iterations: 3 } });
    await expect(later.verify(made, 'seven small boats')).resolves.toBe(true);
  });

  it.each(['', 'nonsense', '$2b$10$abcdefghijklmnopqrstuv', '$argon2id$v=19$m=64'])(
    'rejects every password if the stored hash is "%s"',
    async (stored) => {
      const subject = hasher();
      await expect(subject.verify(stored, 'seven small boats')).resolves.toBe(false);
      expect(subject.needsRehash(stored)).toBe(true);
    },
  );

  it('rejects every password if the stored argon2id hash is truncated', async () => {
    await expect(hasher().verify('$argon2id$v=19$m=64,t=1,p=1$YWJjZGVmZ2g$YWJj', 'abc')).resolves.toBe(false);
  });
});

describe('CheckedPasswordSettings', () => {
  it.each<[PasswordSettings, string]>([
    [{ minimumLength: 7 }, '`minimumLength: 7`: write a whole number from 8 to 256,'],
    [{ minimumLength: Number.NaN }, '`minimumLength: NaN`: write a whole number from 8 to 256,'],
    [{ maximumBytes: '1024' as never }, '`maximumBytes: "1024"`: write a whole number from 64 to 4096,'],
    [{ maximumBytes: 1024n as never }, '`maximumBytes: 1024n`: write a whole number from 64 to 4096,'],
    [{ maximumBytes: 1e9 }, '`maximumBytes: 1000000000`: write a whole number from 64 to 4096,'],
    [{ minimumLength: 64, maximumBytes: 128 }, 'maximumBytes must be at least four times minimumLength'],
    [
      { argon2: { memoryKiB: 8, parallelism: 2 } },
      '"argon2" cannot work with `memoryKiB: 8`: write a whole number from 16',
    ],
    [{ hashing: { concurrency: 0 } }, '"hashing" cannot work with `concurrency: 0`: write a whole number from 1'],
    [
      { hashing: { maximumWaiting: 8, maximumWaitingPerAccount: 9 } },
      '`maximumWaitingPerAccount: 9`: write a whole number from 0 to 8,',
    ],
  ])('rejects the settings %j with a message that names the setting', (settings, message) => {
    expect(() => new CheckedPasswordSettings(settings)).toThrow(message);
  });

  it('leaves one of the four libuv threads free of hashes', () => {
    expect(new CheckedPasswordSettings().hashing.concurrency).toBeLessThanOrEqual(3);
  });
});

describe('Peppers', () => {
  it('rejects a short pepper with a message that names the setting and not the pepper', () => {
    const long = 'q8Zr5Tn1Vb4Ks7Wd2Lx9Hc6Jf3Mg0Pyq';
    expect(() => new Peppers('hunter2')).toThrow(/^PasswordModule: `pepper` must have at least 32 bytes(?!.*hunter2)/);
    expect(() => new Peppers(long, [long, 'hunter2'])).toThrow(/`previousPeppers\[1\]` must(?!.*hunter2)/);
  });
});
