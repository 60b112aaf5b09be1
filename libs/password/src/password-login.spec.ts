import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SystemClock } from 'postern/auth';
import type { Database, DomainEvent, Events } from 'postern/persistence';
import { AccountDisabledError } from 'postern/sessions';
import type { Precondition, SessionsService, TokenPair } from 'postern/sessions';
import { InstanceSecret } from 'postern/tokens';
import { normalizeEmail } from 'postern/users';
import type { UserBase, RelatedColumn, UsersService } from 'postern/users';
import { CheckedPasswordSettings } from './checked-password-settings.js';
import { passwordHash } from './password-credential.entity.js';
import { DummyHashes } from './hashing/dummy-hashes.js';
import { PasswordHasher } from './hashing/password-hasher.js';
import { PasswordHashing } from './hashing/password-hashing.js';
import { KnownDevices } from './guessing/known-devices.js';
import { LoginLimits } from './guessing/login-limits.js';
import { PasswordLogin } from './password-login.js';
import { PasswordPolicies } from './policies/password-policies.js';
import { LoginFailed } from './password.events.js';
import { PasswordsService } from './passwords.service.js';

/** Records its calls. Its hashes consist of a version and the password. */
class RecordingHasher extends PasswordHasher {
  readonly asked: { act: string; version?: string | undefined; bytes: number }[] = [];
  async hash(password: string): Promise<string> {
    this.asked.push({ act: 'hash', bytes: Buffer.byteLength(password) });
    return `v2:${password}`;
  }
  async verify(hash: string, password: string): Promise<boolean> {
    this.asked.push({ act: 'verify', version: hash.split(':')[0], bytes: Buffer.byteLength(password) });
    return hash.slice(3) === password;
  }
  needsRehash(hash: string): boolean {
    return !hash.startsWith('v2:');
  }
}

const PASSWORD = 'seven small boats at noon';
const pair = { accessToken: 'a', refreshToken: 'r', expiresInSeconds: 900, refreshExpiresInSeconds: 1 } as TokenPair;
const userOf = (name: string, disabledAt: Date | null = null) =>
  ({ id: `id-${name}`, email: `${name}@example.com`, disabledAt }) as UserBase;

async function stage() {
  const users = [userOf('ada'), userOf('nopassword'), userOf('disabled', new Date()), userOf('old')];
  const credentials = new Map([
    ['id-ada', `v2:${PASSWORD}`],
    ['id-disabled', `v2:${PASSWORD}`],
    ['id-old', `v1:${PASSWORD}`],
  ]);
  const queries: string[] = [];
  const published: DomainEvent[] = [];
  const started: UserBase[] = [];
  const hooks: { beforeStart?: (() => void) | undefined; refusal?: Error; isChanged?: boolean } = {};
  const database = {
    independently: async () => [],
    manager: {
      update: async (_: unknown, where: { userId: string; hash: string }, { hash }: { hash: string }) => {
        const affected = credentials.get(where.userId) === where.hash ? 1 : 0;
        if (affected) credentials.set(where.userId, hash);
        return { affected };
      },
    },
  } as unknown as Database;
  const directory = {
    findByEmailWith: async (email: string, precondition: RelatedColumn) => {
      expect(precondition).toBe(passwordHash);
      queries.push('user and hash');
      const user = users.find((candidate) => candidate.email === normalizeEmail(email));
      return user ? { user, value: credentials.get(user.id) ?? null } : null;
    },
  } as unknown as UsersService;
  const sessions = {
    startProven: async (user: UserBase, _: unknown, { column: precondition, value }: Precondition) => {
      expect(precondition).toBe(passwordHash);
      if (hooks.refusal) throw hooks.refusal;
      hooks.beforeStart?.();
      hooks.beforeStart = undefined;
      if (hooks.isChanged || user.disabledAt || credentials.get(user.id) !== value) return undefined;
      started.push(user);
      return pair;
    },
  } as unknown as SessionsService;
  const events = { publish: (event: DomainEvent) => void published.push(event) } as unknown as Events;
  const settings = new CheckedPasswordSettings();
  const hasher = new RecordingHasher();
  const secret = new InstanceSecret('Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe');
  const dummies = new DummyHashes(database, hasher, secret, new SystemClock());
  const hashing = new PasswordHashing(hasher, dummies, settings);
  const policies = new PasswordPolicies(settings, []);
  const passwords = new PasswordsService(database, hashing, policies, sessions, events);
  await dummies.onModuleInit();
  hasher.asked.length = 0;
  const login = new PasswordLogin(
    directory,
    passwords,
    sessions,
    events,
    new LoginLimits(new KnownDevices(secret, new SystemClock()), events),
  );
  const context = { amr: ['pwd'], ipAddress: '203.0.113.7', userAgent: 'test' };
  const attempt = (email: string, password: string) => login.login(email, password, context);
  return { attempt, hasher, queries, published, started, credentials, users, hooks };
}

const FAILURES: [string, string, string, LoginFailed['reason'], string | undefined][] = [
  ['an unknown address', 'nobody@example.com', PASSWORD, 'unknown-user', undefined],
  ['an impossible address', 'not an address', PASSWORD, 'unknown-user', undefined],
  ['no address at all', '', PASSWORD, 'unknown-user', undefined],
  ['a wrong password', 'ada@example.com', 'seven small boats at dusk', 'wrong-password', 'id-ada'],
  ['an empty password', 'ada@example.com', '', 'wrong-password', 'id-ada'],
  ['a giant password', 'ada@example.com', 'x'.repeat(1_000_000), 'wrong-password', 'id-ada'],
  ['a giant password at an unknown address', 'nobody@example.com', 'x'.repeat(1025), 'unknown-user', undefined],
  ['a user without a password', 'nopassword@example.com', PASSWORD, 'wrong-password', 'id-nopassword'],
  ['a disabled user and a wrong password', 'disabled@example.com', 'nonsense', 'wrong-password', 'id-disabled'],
  ['a disabled user and the right password', 'disabled@example.com', PASSWORD, 'disabled', 'id-disabled'],
];

describe('PasswordLogin', () => {
  it('starts a session for the right password and any spelling of the address', async () => {
    const { attempt, started, published } = await stage();
    await expect(attempt(' ADA@Example.com ', PASSWORD)).resolves.toBe(pair);
    await expect(attempt('ada@example.com', 'seven small boats at n\uff4fon')).resolves.toBe(pair);
    expect(started.map(({ id }) => id)).toEqual(['id-ada', 'id-ada']);
    expect(published).toEqual([]);
  });

  it.each(FAILURES)(
    'answers %s like every other failure, for the same work',
    async (_, email, password, reason, userId) => {
      const { attempt, hasher, queries, published, started } = await stage();
      const failure: unknown = await attempt(email, password).catch((error: unknown) => error);

      expect(failure).toMatchObject({
        code: 'invalid-credentials',
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
      expect({ ...(failure as object) }).not.toHaveProperty('detail');
      expect({ ...(failure as object) }).not.toHaveProperty('extensions');
      expect(queries).toEqual(['user and hash']);
      expect(hasher.asked.map(({ act, version }) => `${act} ${version}`)).toEqual(['verify v2']);
      expect(hasher.asked[0]?.bytes).toBeLessThanOrEqual(1024);
      expect(started).toEqual([]);
      expect(published).toHaveLength(1);
      expect(published[0]).toBeInstanceOf(LoginFailed);
      expect(published[0]).toMatchObject({ reason, userId, ipAddress: '203.0.113.7', userAgent: 'test' });
    },
  );

  it('publishes the address as a hash only, equal for all of its spellings', async () => {
    const { attempt, published } = await stage();
    await attempt('ada@example.com', 'wrong').catch(() => undefined);
    await attempt('ADA@example.com', 'wrong').catch(() => undefined);
    const emailHash = createHash('sha256').update('ada@example.com').digest('hex');
    expect(published).toMatchObject([{ emailHash }, { emailHash }]);
    expect(JSON.stringify(published)).not.toMatch(/ada@|wrong"/i);
  });

  it('rehashes the password at login if the parameters have changed', async () => {
    const { attempt, credentials } = await stage();
    await attempt('old@example.com', PASSWORD);
    expect(credentials.get('id-old')).toBe(`v2:${PASSWORD}`);
  });

  it('does not rehash after a failed login', async () => {
    const { attempt, credentials, hasher } = await stage();
    await attempt('old@example.com', 'wrong').catch(() => undefined);
    expect(credentials.get('id-old')).toBe(`v1:${PASSWORD}`);
    expect(hasher.asked.map(({ act }) => act)).toEqual(['verify']);
  });

  it('rejects a login if the password was changed during its verification', async () => {
    const { attempt, credentials, hooks, started } = await stage();
    hooks.beforeStart = () => credentials.set('id-ada', 'v2:another one');
    await expect(attempt('ada@example.com', PASSWORD)).rejects.toMatchObject({ code: 'invalid-credentials' });
    expect(started).toEqual([]);
  });

  it('accepts a login if the password was only rehashed during its verification', async () => {
    const { attempt, credentials, hooks } = await stage();
    hooks.beforeStart = () => credentials.set('id-old', `v2:${PASSWORD}`);
    await expect(attempt('old@example.com', PASSWORD)).resolves.toBe(pair);
  });

  it('fails like a wrong password after five hashes if no session can start for the row', async () => {
    const { attempt, hasher, hooks, published } = await stage();
    hooks.isChanged = true;
    Logger.overrideLogger(false);
    await expect(attempt('ada@example.com', PASSWORD)).rejects.toMatchObject({ code: 'invalid-credentials' });
    expect(hasher.asked.map(({ act }) => act)).toEqual(Array(5).fill('verify'));
    expect(published).toMatchObject([{ reason: 'disabled' }]);
  });

  it('fails like a wrong password if the account is disabled during the verification', async () => {
    const { attempt, users, hooks, published } = await stage();
    hooks.beforeStart = () => void (users[0]!.disabledAt = new Date());
    await expect(attempt('ada@example.com', PASSWORD)).rejects.toMatchObject({ code: 'invalid-credentials' });
    expect(published).toMatchObject([{ reason: 'disabled' }]);
  });

  it('fails like a wrong password if a policy reports a disabled account', async () => {
    const { attempt, hooks, published } = await stage();
    hooks.refusal = new AccountDisabledError();
    await expect(attempt('ada@example.com', PASSWORD)).rejects.toMatchObject({ code: 'invalid-credentials' });
    expect(published).toMatchObject([{ reason: 'disabled' }]);
  });

  it('passes on the error of a login policy', async () => {
    const { attempt, hooks } = await stage();
    hooks.refusal = new Error('closed at night');
    await expect(attempt('ada@example.com', PASSWORD)).rejects.toBe(hooks.refusal);
  });
});
