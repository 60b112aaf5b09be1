import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SystemClock } from 'postern/auth';
import type { Database, Events } from 'postern/persistence';
import type { SessionsService } from 'postern/sessions';
import { InstanceSecret } from 'postern/tokens';
import { IdentityNotConfirmedError } from 'postern/users';
import type { UsersService } from 'postern/users';
import { CheckedPasswordSettings } from './checked-password-settings.js';
import { CurrentPassword } from './guessing/current-password.js';
import { PasswordConfirmation } from './password-confirmation.js';
import { DummyHashes } from './hashing/dummy-hashes.js';
import { PasswordHasher } from './hashing/password-hasher.js';
import { PasswordHashing } from './hashing/password-hashing.js';
import { PasswordPolicies } from './policies/password-policies.js';
import { HashingOverloadedError } from './password.errors.js';
import { PasswordsService } from './passwords.service.js';

class PlainHasher extends PasswordHasher {
  isOutdated = false;
  isBusy = false;
  async hash(password: string): Promise<string> {
    if (this.isBusy) throw new HashingOverloadedError();
    return `new:${password}`;
  }
  async verify(hash: string, password: string): Promise<boolean> {
    return hash.endsWith(`:${password}`);
  }
  needsRehash(): boolean {
    return this.isOutdated;
  }
}

function stage() {
  const credentials = new Map([['ada', 'old:seven small boats']]);
  const update = jest.fn(
    async (_: unknown, where: { userId: string; hash: string }, changes: { hash: string; changedAt?: Date }) => {
      const affected = credentials.get(where.userId) === where.hash ? 1 : 0;
      if (affected) credentials.set(where.userId, changes.hash);
      return { affected };
    },
  );
  const manager = {
    update,
    query: async (_: string, [userId]: [string]) =>
      credentials.has(userId) ? [{ hash: credentials.get(userId) }] : [],
  };
  const settings = new CheckedPasswordSettings();
  const hasher = new PlainHasher();
  const database = { manager, independently: async () => [] } as unknown as Database;
  const secret = new InstanceSecret('Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe');
  const dummies = new DummyHashes(database, hasher, secret, new SystemClock());
  const hashing = new PasswordHashing(hasher, dummies, settings);
  const policies = new PasswordPolicies(settings, []);
  const passwords = new PasswordsService(database, hashing, policies, {} as SessionsService, {} as Events);
  return { passwords, hasher, credentials, update };
}

describe('PasswordsService', () => {
  it('verifies the password of this user and rejects the password of another user', async () => {
    const { passwords } = stage();
    await expect(passwords.prove('ada', 'seven small boats')).resolves.toEqual({
      userId: 'ada',
      hash: 'old:seven small boats',
    });
    await expect(passwords.verify('ada', 'seven small boats')).resolves.toBe(true);
    await expect(passwords.verify('ada', 'eight small boats')).resolves.toBe(false);
    await expect(passwords.verify('bob', 'seven small boats')).resolves.toBe(false);
    await expect(passwords.prove(undefined, 'seven small boats')).resolves.toBeUndefined();
  });

  it('never accepts a password that matches the dummy hash', async () => {
    const { passwords, hasher } = stage();
    hasher.verify = async () => true;
    await expect(passwords.prove(undefined, 'anything')).resolves.toBeUndefined();
    await expect(passwords.prove('bob', 'anything')).resolves.toBeUndefined();
    await expect(passwords.prove('ada', 'x'.repeat(2000))).resolves.toBeUndefined();
  });

  it('replaces a password only while the verified password is current', async () => {
    const { passwords, credentials } = stage();
    const next = await passwords.prepare('nine grey herons', { email: 'ada@example.com' });
    await expect(passwords.replace({ userId: 'ada', hash: 'old:gone' }, next)).resolves.toBe(false);
    expect(credentials.get('ada')).toBe('old:seven small boats');
    await expect(passwords.replace({ userId: 'ada', hash: 'old:seven small boats' }, next)).resolves.toBe(true);
    expect(credentials.get('ada')).toBe('new:nine grey herons');
  });

  it('rehashes without overwriting a newer password', async () => {
    const { passwords, hasher, credentials } = stage();
    hasher.isOutdated = true;
    const proof = { userId: 'ada', hash: 'old:seven small boats' };
    credentials.set('ada', 'new:nine grey herons');
    await passwords.refresh(proof, 'seven small boats');
    expect(credentials.get('ada')).toBe('new:nine grey herons');
  });

  it('keeps the date of the last change when it rehashes', async () => {
    const { passwords, hasher, update } = stage();
    hasher.isOutdated = true;
    await passwords.refresh({ userId: 'ada', hash: 'old:seven small boats' }, 'seven small boats');
    expect(update.mock.calls[0]?.[2]).toEqual({ hash: 'new:seven small boats' });
  });

  it('accepts a login if the rehash fails', async () => {
    const { passwords, hasher } = stage();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    Object.assign(hasher, { isOutdated: true, isBusy: true });
    const proof = { userId: 'ada', hash: 'old:seven small boats' };
    await expect(passwords.refresh(proof, 'seven small boats')).resolves.toBeUndefined();
    expect(warn.mock.calls).toEqual([
      ['Rehashing a password failed, will retry at the next login: HashingOverloadedError'],
    ]);
    warn.mockRestore();
  });
});

describe('PasswordConfirmation', () => {
  it('confirms the right password, and rejects a wrong or missing password', async () => {
    const users = { findById: async (id: string) => ({ id }) } as unknown as UsersService;
    const { passwords } = stage();
    const confirmation = new PasswordConfirmation(passwords);
    Object.assign(confirmation, { currentPassword: new CurrentPassword(users, passwords) });
    await expect(confirmation.confirm('ada', { password: 'seven small boats' })).resolves.toBeUndefined();
    await expect(confirmation.confirm('ada', { password: 'wrong' })).rejects.toThrow(IdentityNotConfirmedError);
    await expect(confirmation.confirm('ada', {})).rejects.toThrow(IdentityNotConfirmedError);
  });
});
