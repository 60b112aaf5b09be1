import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { LocalLimitStore, PostgresLimitStore, RedisLimitStore } from 'postern/limits';
import type { LimitStore, StoredClaim } from 'postern/limits';
import { Database } from 'postern/persistence';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { until } from '../../support/until.js';

const REDIS_URL = 'redis://127.0.0.1:6379';
const POINTS = 10;
const DAY_MICROSECONDS = 86_400_000_000;

const claimOf = (id: string, points = POINTS): StoredClaim => {
  const emission = Math.floor(DAY_MICROSECONDS / points);
  return { id, emission, capacity: emission * points, refund: 0 };
};
const isTaken = (states: readonly { readonly isTaken: boolean }[]): boolean => states.every((state) => state.isTaken);

describe('the stores of the limits', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let redis: RedisLimitStore;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource({
      type: 'postgres',
      extra: { connectionString: database.url, max: 14 },
      poolSize: 14,
      installExtensions: false,
    }).initialize();
    redis = new RedisLimitStore(REDIS_URL);
  });
  afterAll(async () => {
    await redis?.onApplicationShutdown();
    await dataSource?.destroy();
    await database?.drop();
  });

  const stores: [string, () => LimitStore][] = [
    ['PostgreSQL', () => new PostgresLimitStore(new Database(dataSource))],
    ['Redis', () => redis],
    ['the memory of a replica', () => new LocalLimitStore()],
  ];

  describe.each(stores)('%s', (_, storeOf) => {
    // B6: Logto compared "10" + 1 = "101" with the limit.
    it.each([1, 2, 9, 10, 11, 99, 100, 1000])(
      'B6: of a limit of %i points, it takes exactly so many',
      async (points) => {
        const store = storeOf();
        const claim = claimOf(randomUUID(), points);
        const taken = [];
        for (let attempt = 0; attempt < Math.min(points + 1, 101); attempt += 1)
          taken.push(isTaken(await store.take([claim])));
        if (points >= 101) {
          await Promise.all(Array.from({ length: points - 101 }, () => store.take([claim])));
          taken.push(isTaken(await store.take([claim])));
        }
        expect(taken.slice(0, -1)).not.toContain(false);
        expect(taken.at(-1)).toBe(false);
      },
    );

    it('B1: of ten times as many parallel attempts as points, it takes exactly the points', async () => {
      const store = storeOf();
      const claims = [claimOf(randomUUID()), claimOf(randomUUID(), 1000)];
      const states = await Promise.all(Array.from({ length: 10 * POINTS }, () => store.take(claims)));
      expect(states.filter(isTaken)).toHaveLength(POINTS);
    });

    it('it takes no point of any limit if one of them visibly has none', async () => {
      const store = storeOf();
      const [empty, full] = [claimOf(randomUUID(), 1), claimOf(randomUUID(), 1)];
      await store.take([empty]);
      expect((await store.take([full, empty])).map((state) => state.isTaken)).toEqual([false, false]);
      expect(isTaken(await store.take([full]))).toBe(true);
    });

    it('it returns a point on its own and with the next claim, but not with a rejected claim', async () => {
      const store = storeOf();
      const claim = claimOf(randomUUID(), 2);
      await store.take([claim]);
      await store.take([claim]);
      expect(isTaken(await store.take([{ ...claim, refund: claim.emission }]))).toBe(true);
      expect(isTaken(await store.take([claim]))).toBe(false);
      await store.giveBack([{ id: claim.id, refund: claim.emission }]);
      expect(isTaken(await store.take([claim]))).toBe(true);
      expect(isTaken(await store.take([claim]))).toBe(false);
    });

    it('it reports the time until the limit is full again', async () => {
      const claim = claimOf(randomUUID());
      const [state] = await storeOf().take([claim]);
      expect(state!.debt).toBe(claim.emission);
    });
  });

  it.each([
    ['PostgreSQL', () => database.url],
    ['Redis', () => REDIS_URL],
  ])('B1: two processes with %s take exactly the points together', async (_, urlOf) => {
    const claim = claimOf(randomUUID());
    const children = [1, 2].map(() =>
      fork(
        join(import.meta.dirname, 'take-in-parallel.program.mjs'),
        [urlOf(), JSON.stringify(claim), String(5 * POINTS)],
        {
          execArgv: ['--import', join(import.meta.dirname, '../../support/register-typescript.mjs')],
        },
      ),
    );
    // Both have connected before either begins.
    await Promise.all(children.map((child) => once(child, 'message')));
    const replies = children.map((child) => once(child, 'message') as Promise<[number]>);
    for (const child of children) child.send('begin');
    const counts = (await Promise.all(replies)).map(([count]) => count);
    expect(counts.reduce((sum, count) => sum + count)).toBe(POINTS);
  });

  it('B1: attempts that have seen free points and wait for one row in PostgreSQL take only the points', async () => {
    const store = new PostgresLimitStore(new Database(dataSource));
    const claim = claimOf(randomUUID(), 3);
    await store.take([claim]);
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT FROM limit_states WHERE id = $1 FOR UPDATE', [claim.id]);
    const attempts = Array.from({ length: 10 }, () => store.take([claim]));
    await until(async () => {
      const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      const [row] = await dataSource.query<[{ count: number }]>(waiting);
      return row.count === 10;
    });
    await holder.commitTransaction();
    await holder.release();
    expect((await Promise.all(attempts)).filter(isTaken)).toHaveLength(2);
  });

  it('the clean-up deletes the rows of full limits, and no others', async () => {
    const store = new PostgresLimitStore(new Database(dataSource));
    const [past, present] = [randomUUID(), claimOf(randomUUID())];
    await dataSource.query('DELETE FROM limit_states');
    await dataSource.query('INSERT INTO limit_states VALUES ($1, 1)', [past]);
    await store.take([present]);
    expect(await store.deleteFull(10)).toBe(1);
    expect(await dataSource.query('SELECT id FROM limit_states')).toEqual([{ id: present.id }]);
  });
});
