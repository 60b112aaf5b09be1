import { hkdfSync } from 'node:crypto';
import { assertStrongSecret, InstanceSecret } from './instance-secret.js';

const one = 'the-first-secret-of-this-instance-0123456789';
const two = 'the-second-secret-of-this-instance-987654321';
const bytes = (key: { export(): Buffer }) => key.export().toString('hex');

describe('InstanceSecret', () => {
  it('derives by HKDF-SHA256, so that every replica and every version derives the same', () => {
    const expected = Buffer.from(hkdfSync('sha256', one, 'salt', 'postern/refresh-token', 32)).toString('hex');
    expect(bytes(new InstanceSecret(one).derive('refresh-token', Buffer.from('salt')))).toBe(expected);
  });

  it('gives every purpose and every salt a key of its own', () => {
    const secret = new InstanceSecret(one);
    const keys = [
      secret.derive('a'),
      secret.derive('b'),
      secret.derive('a', Buffer.from('1')),
      secret.derive('a', Buffer.from('2')),
    ];
    expect(new Set(keys.map(bytes)).size).toBe(4);
    expect(secret.derive('a')).toBe(secret.derive('a'));
  });

  it('reads with the former secrets, and writes with the current one', () => {
    const secret = new InstanceSecret(two, [one]);
    expect(secret.deriveAll('x').map(bytes)).toEqual([
      bytes(new InstanceSecret(two).derive('x')),
      bytes(new InstanceSecret(one).derive('x')),
    ]);
    expect(bytes(secret.derive('x'))).toBe(bytes(new InstanceSecret(two).derive('x')));
    expect(bytes(secret.deriveFor(new InstanceSecret(one).id, 'x')!)).toBe(bytes(new InstanceSecret(one).derive('x')));
    expect(new InstanceSecret(two).deriveFor(new InstanceSecret(one).id, 'x')).toBeUndefined();
  });

  it('shows itself in no log', () => {
    const secret = new InstanceSecret(two, [one]);
    expect(JSON.stringify({ secret })).toBe('{"secret":"[InstanceSecret]"}');
    expect(secret.id).toMatch(/^[\w-]{16}$/);
  });

  it.each(['', 'short', 'x'.repeat(31), 'x'.repeat(64), 'abab'.repeat(16)])('refuses the weak secret %j', (weak) => {
    expect(() => assertStrongSecret(weak)).toThrow(/openssl rand/);
    expect(() => new InstanceSecret(one, [weak])).toThrow(/previousSecrets\[0\]/);
  });

  it('never repeats the secret in the error', () => {
    expect(() => assertStrongSecret('hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('refuses a secret that is given twice', () => {
    expect(() => new InstanceSecret(one, [one])).toThrow(/twice/);
  });
});
