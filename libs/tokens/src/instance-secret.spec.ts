import { hkdfSync } from 'node:crypto';
import { assertStrongSecret, InstanceSecret } from './instance-secret.js';

const one = 'the-first-secret-of-this-instance-0123456789';
const two = 'the-second-secret-of-this-instance-987654321';
const bytes = (key: { export(): Buffer }) => key.export().toString('hex');

describe('InstanceSecret', () => {
  it('InstanceSecret derives keys by HKDF-SHA256 with the prefix postern/', () => {
    const expected = Buffer.from(hkdfSync('sha256', one, 'salt', 'postern/refresh-token', 32)).toString('hex');
    expect(bytes(new InstanceSecret(one).derive('refresh-token', Buffer.from('salt')))).toBe(expected);
  });

  it('InstanceSecret derives a different key for each purpose and each salt', () => {
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

  it('InstanceSecret decrypts with all secrets and encrypts with the current one', () => {
    const secret = new InstanceSecret(two, [one]);
    expect(secret.deriveAll('x').map(bytes)).toEqual([
      bytes(new InstanceSecret(two).derive('x')),
      bytes(new InstanceSecret(one).derive('x')),
    ]);
    expect(bytes(secret.derive('x'))).toBe(bytes(new InstanceSecret(two).derive('x')));
    expect(bytes(secret.deriveFor(new InstanceSecret(one).id, 'x')!)).toBe(bytes(new InstanceSecret(one).derive('x')));
    expect(new InstanceSecret(two).deriveFor(new InstanceSecret(one).id, 'x')).toBeUndefined();
  });

  it('InstanceSecret hides the secret in JSON', () => {
    const secret = new InstanceSecret(two, [one]);
    expect(JSON.stringify({ secret })).toBe('{"secret":"[InstanceSecret]"}');
    expect(secret.id).toMatch(/^[\w-]{16}$/);
  });

  it.each(['', 'short', 'x'.repeat(31), 'x'.repeat(64), 'abab'.repeat(16)])(
    'assertStrongSecret rejects the weak secret %j',
    (weak) => {
      expect(() => assertStrongSecret(weak)).toThrow(/openssl rand/);
      expect(() => new InstanceSecret(one, [weak])).toThrow(/previousSecrets\[0\]/);
    },
  );

  it('assertStrongSecret does not quote the secret in its error', () => {
    expect(() => assertStrongSecret('hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('InstanceSecret rejects a secret that is configured twice', () => {
    expect(() => new InstanceSecret(one, [one])).toThrow(/twice/);
  });
});
