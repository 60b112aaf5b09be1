import { AsyncResource } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Database, PersistenceModule, TransactionDoomedError } from 'postern/persistence';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { DataSource } from 'typeorm';
import { collectGarbage } from '../../support/collect-garbage.js';

const refusal = new Error('refused');

/** A row and the id of the PostgreSQL transaction that wrote it. */
interface Written {
  readonly name: string;
  readonly xid: string;
}

/** Pseudo-random numbers from a seed, so that each run is the same. */
function diceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Resolves all current waiters from an unrelated context. */
class Bell {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private readonly ringing = setInterval(() => this.emitter.emit('rung'), 3);
  private next = this.following();

  /** A promise that many callers await. */
  get rung(): Promise<unknown> {
    return this.next;
  }

  heard(): Promise<unknown> {
    return once(this.emitter, 'rung');
  }

  stop(): void {
    clearInterval(this.ringing);
  }

  private following(): Promise<unknown> {
    const rung = once(this.emitter, 'rung');
    void rung.then(() => (this.next = this.following()));
    return rung;
  }
}

describe('concurrent transactions, some of which roll back, and statements outside of a transaction', () => {
  let schema: TestDatabase;
  let app: TestingModule;
  let database: Database;
  let sql: DataSource;
  let bell: Bell;

  beforeAll(async () => {
    schema = await createTestDatabase();
    app = await Test.createTestingModule({
      imports: [PersistenceModule.forRoot({ databaseUrl: schema.url, poolSize: 12 })],
    })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    await app.init();
    database = app.get(Database);
    sql = app.get(DataSource);
    bell = new Bell();
  });
  afterAll(async () => {
    bell.stop();
    await app?.close();
    await schema?.drop();
  });

  async function write(name: string): Promise<Written> {
    const [row]: { xid: string }[] = await database.manager.query(
      `INSERT INTO instance (name, value) VALUES ($1, '') RETURNING pg_current_xact_id()::text AS xid`,
      [name],
    );
    return { name, xid: row!.xid };
  }

  it('each statement belongs to its own transaction, and a rollback leaves no row', async () => {
    const dice = diceOf(1);
    const chance = (share: number) => dice() < share;
    /**
     * The ways in which code continues later. A callback that other code triggers runs in the context of that code.
     */
    const ways: readonly (() => Promise<unknown>)[] = [
      () => Promise.resolve(),
      () => turn(),
      () => delay(1 + dice() * 5),
      () => new Promise<void>((resolve) => process.nextTick(resolve)),
      () => new Promise<void>((resolve) => queueMicrotask(resolve)),
      () => new Promise<void>((resolve) => setImmediate(AsyncResource.bind(() => resolve()))),
      () => new Promise<void>((resolve) => new PassThrough().on('data', () => resolve()).write('x')),
      () => bell.heard(),
      () => bell.rung,
      () => Promise.race([delay(2), bell.rung]),
      () => sql.query('SELECT 1'),
      () => database.withReservedConnection(() => database.batch(['SELECT 1', 'SELECT 2'])),
    ];
    const hop = async () => void (await ways[Math.floor(dice() * ways.length)]!());

    const transactions: Written[][] = [];
    const parts: Promise<unknown>[] = [];
    const wrong: string[] = [];
    let doomed = 0;

    async function outside(name: string): Promise<void> {
      for (const step of ['first', 'second']) {
        await hop();
        transactions.push([await write(`${name} ${step}`)]);
      }
    }

    async function runOn(name: string): Promise<void> {
      try {
        for (let n = 0; n < 1000; n += 1) {
          for (let hops = dice() * 8; hops > 0; hops -= 1) await hop();
          await write(`${name} ${n}`);
        }
        wrong.push(`${name} was never rejected`);
      } catch (error) {
        if (error instanceof TransactionDoomedError) doomed += 1;
        else wrong.push(`${name}: ${String(error)}`);
      }
    }

    async function refused(name: string, begin: 'transaction' | 'independently' = 'transaction'): Promise<void> {
      const outcome = database[begin](async () => {
        await write(`${name}, refused`);
        for (const part of [1, 2]) parts.push(runOn(`${name}, part ${part}`));
        database.afterCommit(() => void wrong.push(`the act of ${name}`));
        await hop();
        throw refusal;
      });
      await outcome.catch((error: unknown) => error !== refusal && wrong.push(`${name}: ${String(error)}`));
    }

    async function committed(name: string, depth = 1): Promise<void> {
      const rows: Written[] = [];
      await database[chance(0.7) ? 'transaction' : 'independently'](async () => {
        rows.push(await write(`${name} begins`));
        if (depth > 0 && chance(0.3)) {
          await database.independently(async () => {
            await hop();
            transactions.push([await write(`${name} beside`)]);
          });
        }
        if (depth > 0 && chance(0.2)) await refused(`in ${name}`, 'independently');
        const join = async (part: number) => {
          await hop();
          rows.push(await write(`${name} part ${part}`));
        };
        await Promise.all([1, 2].map((part) => database.transaction(() => join(part))));
        database.afterCommit(async () => {
          await outside(`${name} act`);
          if (depth > 0) await committed(`${name} act`, depth - 1);
        });
        await hop();
        rows.push(await write(`${name} ends`));
      });
      transactions.push(rows);
      await outside(`after ${name}`);
    }

    const works: Promise<unknown>[] = [];
    for (let n = 0; n < 100; n += 1) {
      const kind = dice();
      works.push(kind < 0.3 ? outside(`${n}`) : kind < 0.6 ? refused(`${n}`) : committed(`${n}`));
      // Waits regularly until no transaction runs. More transactions at once would wait too long for a connection on
      // a slow machine.
      if (n % 16 === 15 || chance(0.1)) {
        await Promise.all(works);
        if (chance(0.5)) await Promise.all(parts);
        collectGarbage();
        await delay(5);
      }
    }
    await Promise.all(works);
    await Promise.all(parts);

    expect(wrong).toEqual([]);
    expect(doomed).toBe(parts.length);
    expect(doomed).toBeGreaterThan(20);
    const xids = transactions.map((rows) => [...new Set(rows.map(({ xid }) => xid))]);
    expect(xids.filter((own) => own.length > 1)).toEqual([]);
    expect(new Set(xids.flat()).size).toBe(transactions.length);
    const found: Written[] = await sql.query('SELECT name, xmin::text AS xid FROM instance');
    const inOrder = (rows: Written[]) => rows.map(({ name, xid }) => `${name}: ${xid}`).sort();
    expect(inOrder(found)).toEqual(inOrder(transactions.flat()));
    await sql.query('DELETE FROM instance');
  }, 60_000);
});
