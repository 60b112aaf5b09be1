import type { Database, DomainEvent, Events } from 'postern/persistence';
import type { SessionsService } from 'postern/sessions';
import type { UsersService } from 'postern/users';
import { CurrentPassword } from './guessing/current-password.js';
import { PasswordChange } from './password-change.js';
import { PasswordChanged } from './password.events.js';
import { PreparedPassword } from './passwords.service.js';
import type { PasswordProof, PasswordsService } from './passwords.service.js';

function stage() {
  const state = { hash: 'h:seven small boats', prepared: 0, proven: 0, isInTransaction: false };
  const told: { event: DomainEvent; isInTransaction: boolean }[] = [];
  const ended: unknown[] = [];
  const hooks: { beforeReplace?: (() => void) | undefined; rehashes?: boolean } = {};
  const passwords = {
    prove: async (userId: string | undefined, password: string) => {
      expect(state.isInTransaction).toBe(false);
      state.proven += 1;
      return userId !== undefined && state.hash.endsWith(`:${password}`) ? { userId, hash: state.hash } : undefined;
    },
    prepare: async (password: string) => {
      expect(state.isInTransaction).toBe(false);
      state.prepared += 1;
      return new PreparedPassword(`h:${password}`);
    },
    replace: async (proof: PasswordProof, { hash }: PreparedPassword) => {
      if (hooks.rehashes) state.hash = `h${state.proven}:seven small boats`;
      hooks.beforeReplace?.();
      hooks.beforeReplace = undefined;
      if (proof.hash !== state.hash) return false;
      state.hash = hash;
      return true;
    },
  } as unknown as PasswordsService;
  const users = {
    findById: async (id: string) => (id === 'ada' ? { id, email: 'ada@example.com' } : null),
  } as unknown as UsersService;
  const sessions = { revokeAll: async (...call: unknown[]) => ended.push(call) } as unknown as SessionsService;
  const database = {
    transaction: async <T>(work: () => Promise<T>) => {
      state.isInTransaction = true;
      return work().finally(() => (state.isInTransaction = false));
    },
  } as unknown as Database;
  const events = {
    publish: (event: DomainEvent) => told.push({ event, isInTransaction: state.isInTransaction }),
  } as unknown as Events;
  const changes = new PasswordChange(new CurrentPassword(users, passwords), passwords, sessions, database, events);
  const request = {
    userId: 'ada',
    currentPassword: 'seven small boats',
    newPassword: 'nine grey herons',
    sessionId: 's1',
  };
  return { changes, request, state, told, ended, hooks };
}

describe('PasswordChange', () => {
  it('stores the new password, ends the other sessions and publishes the event in one transaction', async () => {
    const { changes, request, state, told, ended } = stage();
    await changes.change(request);
    expect(state.hash).toBe('h:nine grey herons');
    expect(ended).toEqual([['ada', { reason: 'password-changed', except: 's1' }]]);
    expect(told).toEqual([{ event: expect.any(PasswordChanged) as PasswordChanged, isInTransaction: true }]);
  });

  it('ends every session if the request has no session', async () => {
    const { changes, request, ended } = stage();
    await changes.change({ ...request, sessionId: undefined });
    expect(ended).toEqual([['ada', { reason: 'password-changed' }]]);
  });

  it.each([
    ['a wrong current password', { currentPassword: 'wrong' }],
    ['a deleted user', { userId: 'bob' }],
  ])('rejects %s with 403 at the cost of one hash, and changes nothing', async (_, changed) => {
    const { changes, request, state, told, ended } = stage();
    await expect(changes.change({ ...request, ...changed })).rejects.toMatchObject({
      status: 403,
      code: 'current-password-wrong',
    });
    expect(state).toMatchObject({ hash: 'h:seven small boats', proven: 1, prepared: 0 });
    expect([...told, ...ended]).toEqual([]);
  });

  it('rejects the current password as the new password, also in another Unicode form', async () => {
    const { changes, request } = stage();
    await expect(changes.change({ ...request, newPassword: 'seven small b\uff4fats' })).rejects.toMatchObject({
      status: 400,
      extensions: { errors: [{ pointer: '/newPassword', code: 'password-unchanged' }] },
    });
  });

  it('rejects a change if another change came first', async () => {
    const { changes, request, state, hooks, told } = stage();
    hooks.beforeReplace = () => void (state.hash = 'h:an other one');
    await expect(changes.change(request)).rejects.toMatchObject({ code: 'current-password-wrong' });
    expect(state.hash).toBe('h:an other one');
    expect(told).toEqual([]);
  });

  it('repeats the change if the current password was rehashed since it was read', async () => {
    const { changes, request, state, hooks, told } = stage();
    hooks.beforeReplace = () => void (state.hash = 'h2:seven small boats');
    await changes.change(request);
    expect(state).toMatchObject({ hash: 'h:nine grey herons', proven: 2, prepared: 1 });
    expect(told).toHaveLength(1);
  });

  it('rejects a change with 503 after five hashes if the stored hash changes each time', async () => {
    const { changes, request, state, hooks, told } = stage();
    hooks.rehashes = true;
    await expect(changes.change(request)).rejects.toMatchObject({ status: 503, code: 'busy' });
    expect(state.proven).toBe(5);
    expect(told).toEqual([]);
  });
});
