import { ManualClock } from 'postern/testing';
import type { Database } from 'postern/persistence';
import { InstanceSecret } from 'postern/tokens';
import { DummyHashes } from './dummy-hashes.js';
import { PasswordHasher } from './password-hasher.js';

class CurrentHasher extends PasswordHasher {
  hash = async () => 'new:made';
  verify = async () => false;
  needsRehash = () => false;
}

const names = Array.from({ length: 400 }, (_, index) => `nobody${index}@example.com`);

function stage(accounts: number) {
  const table = new Map(Array.from({ length: accounts }, (_, index) => [`id-${index}`, `old:${index}`]));
  const state = { isDown: false };
  const database = {
    independently: async () => {
      if (state.isDown) throw new Error('down');
      return [...table].map(([id, hash]) => ({ user_id: id, hash }));
    },
  } as unknown as Database;
  const clock = new ManualClock();
  const replica = async (secret = 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe') => {
    const dummies = new DummyHashes(database, new CurrentHasher(), new InstanceSecret(secret), clock);
    await dummies.onModuleInit();
    return { dummies, costs: () => Promise.all(names.map((name) => dummies.hashFor(name))) };
  };
  const settle = async (dummies: DummyHashes) => {
    clock.advance(31);
    await dummies.hashFor('');
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { table, state, replica, settle };
}

describe('DummyHashes', () => {
  it('maps a name to the same account on each replica, and to another account under another secret', async () => {
    const { replica } = stage(50);
    const [here, there, elsewhere] = [
      await replica(),
      await replica(),
      await replica('another-secret-of-32-bytes-or-more'),
    ];
    const bound = await here.costs();
    expect(await here.costs()).toEqual(bound);
    expect(await there.costs()).toEqual(bound);
    expect(await elsewhere.costs()).not.toEqual(bound);
    expect(new Set(bound).size).toBeGreaterThan(30);
  });

  it('changes the cost of a name only when the mapped account changes or a new account is created', async () => {
    const { table, replica, settle } = stage(50);
    const { dummies, costs } = await replica();
    const before = await costs();
    for (const index of [3, 14, 15]) table.set(`id-${index}`, `new:${index}`);
    for (let index = 50; index < 60; index += 1) table.set(`id-${index}`, `new:${index}`);
    await settle(dummies);
    const after = await costs();
    const changed = after.filter((hash, index) => hash !== before[index]);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((hash) => !hash.startsWith('new:'))).toEqual([]);
  });

  it('serves the previous sample while the database is unreachable, and a current hash if the table is empty', async () => {
    const { table, state, replica, settle } = stage(1);
    const { dummies } = await replica();
    state.isDown = true;
    await settle(dummies);
    expect(await dummies.hashFor('ada@example.com')).toBe('old:0');
    state.isDown = false;
    table.clear();
    await settle(dummies);
    expect(await dummies.hashFor('ada@example.com')).toBe('new:made');
  });
});
