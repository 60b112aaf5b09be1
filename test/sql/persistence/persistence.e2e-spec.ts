import { randomUUID } from 'node:crypto';
import { ConsoleLogger, Injectable, Logger } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  Database,
  DomainEvent,
  Events,
  migrateDatabase,
  migrations,
  PersistenceModule,
  TransactionDoomedError,
  uuidv7,
} from 'postern/persistence';
import type { PersistenceSettings } from 'postern/persistence';
import { createEmptyDatabase, createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { collectGarbage } from '../../support/collect-garbage.js';
import { until } from '../../support/until.js';

class Noted extends DomainEvent {
  static override readonly type = 'fact.noted';
  constructor(readonly name: string) {
    super();
  }
}

@Injectable()
class Listener {
  readonly heard: string[] = [];

  @OnEvent(Noted.type, { suppressErrors: false, prependListener: true })
  fail(): void {
    throw new Error('This listener fails.');
  }

  @OnEvent(Noted.type)
  hear(event: Noted): void {
    this.heard.push(event.name);
  }
}

@Injectable()
class KindListener {
  readonly heard: string[] = [];

  @OnEvent('fact.*')
  hear(event: Noted): void {
    this.heard.push(event.name);
  }

  @OnEvent('rumour.*')
  mishear(): void {
    this.heard.push('a rumour');
  }
}

const silent = new ConsoleLogger({ logLevels: [] });
const refusal = new Error('rejected');
const refuse = () => Promise.reject(refusal);

describe('the database', () => {
  let empty: TestDatabase;
  let app: TestingModule;
  let database: Database;
  let events: Events;
  let listener: Listener;

  beforeAll(async () => {
    empty = await createTestDatabase();
    app = await Test.createTestingModule({
      imports: [PersistenceModule.forRootAsync({ useFactory: () => ({ databaseUrl: empty.url, poolSize: 7 }) })],
      providers: [Listener, KindListener],
    })
      .setLogger(silent)
      .compile();
    await app.init();
    database = app.get(Database);
    events = app.get(Events);
    listener = app.get(Listener);
  });
  afterAll(async () => {
    await app?.close();
    await empty?.drop();
  });
  beforeEach(async () => {
    listener.heard.length = 0;
    await database.manager.query('DELETE FROM instance');
  });

  const write = (name: string) => database.manager.query(`INSERT INTO instance (name, value) VALUES ($1, '')`, [name]);
  const written = async (): Promise<string[]> => {
    const rows: { name: string }[] = await app.get(DataSource).query('SELECT name FROM instance ORDER BY name');
    return rows.map(({ name }) => name);
  };

  it('a listener receives notifications, connects again after a loss, and leaves no connection after close()', async () => {
    const heard: unknown[] = [];
    const notify = (payload: string) =>
      database.transaction(() => database.manager.query('SELECT pg_notify($1, $2)', ['a Channel', payload]));
    const listening = await database.listen('a Channel', (payload) => void heard.push(payload));
    const terminate = () =>
      database.manager.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
    await notify('first');
    await until(() => heard.length === 2);
    expect(await terminate()).toHaveLength(1);
    await until(() => heard.length === 3);
    await notify('second');
    await until(() => heard.length === 4);
    // Notifications may have been lost before each connect, which calls the handler without a payload.
    expect(heard).toEqual([undefined, 'first', undefined, 'second']);
    await listening.close();
    await until(async () => (await terminate()).length === 0);
    await notify('third');
    expect(heard).toHaveLength(4);
  });

  it('a transaction that rolls back writes no row and publishes no event', async () => {
    const attempt = database.transaction(async () => {
      await write('a');
      events.publish(new Noted('a'));
      await refuse();
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await written()).toEqual([]);
    expect(listener.heard).toEqual([]);
  });

  it('listeners are called after the commit, and all of them although one fails', async () => {
    await database.transaction(async () => {
      await write('a');
      events.publish(new Noted('a'));
      expect(listener.heard).toEqual([]);
    });
    expect(listener.heard).toEqual(['a']);
  });

  it('listeners are called at once outside of a transaction', () => {
    events.publish(new Noted('a'));
    expect(listener.heard).toEqual(['a']);
  });

  it('a listener for a base class receives all events of that kind', () => {
    app.get(KindListener).heard.length = 0;
    events.publish(new Noted('a'));
    expect(app.get(KindListener).heard).toEqual(['a']);
  });

  it('nested transactions join: a failure of the outer one rolls back the inner work', async () => {
    const attempt = database.transaction(async () => {
      await database.transaction(async () => {
        await write('inner');
        events.publish(new Noted('inner'));
      });
      await refuse();
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await written()).toEqual([]);
    expect(listener.heard).toEqual([]);
  });

  it('a transaction does not commit if an inner failure was caught', async () => {
    const swallowedRefusal = database.transaction(async () => {
      await write('a');
      await database.transaction(refuse).catch(() => undefined);
    });
    await expect(swallowedRefusal).rejects.toThrow(TransactionDoomedError);

    const swallowedSqlError = database.transaction(async () => {
      events.publish(new Noted('b'));
      await write('b');
      await write('b').catch(() => undefined);
    });
    await expect(swallowedSqlError).rejects.toThrow(TransactionDoomedError);
    expect(await written()).toEqual([]);
    expect(listener.heard).toEqual([]);
  });

  it('an error of a deferred constraint is mapped only by the mappers of the code that wrote the row', async () => {
    await database.manager.query('CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    const heard: unknown[] = [];
    const explain = (error: unknown) => {
      heard.push(error);
      return heard.length === 1 ? refusal : error;
    };
    const attempt = database.transaction(async () => {
      database.mapCommitError(explain);
      await database.manager.query('INSERT INTO late VALUES (1), (1)');
      database.mapCommitError(explain);
      database.mapCommitError((error) => error);
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(heard).toMatchObject([{ code: '23505' }]);

    const unexplained = database.transaction(() => database.manager.query('INSERT INTO late VALUES (1), (1)'));
    await expect(unexplained).rejects.toMatchObject({ code: '23505' });
    const earlier = database.transaction(async () => {
      database.mapCommitError(() => refusal);
      await database.manager.query('SELECT 1 / 0');
    });
    await expect(earlier).rejects.toMatchObject({ code: '22012' });
    database.mapCommitError(explain);
    expect(heard).toHaveLength(1);
  });

  it('a transaction does not commit if the server has reported a failure but not yet the end of the statement, 300 times', async () => {
    // The driver rejects at the first of two messages. The second one carries the transaction state and may arrive
    // later.
    for (let round = 0; round < 300; round += 1) {
      const attempt = database.transaction(async () => {
        events.publish(new Noted('b'));
        await database.manager.query('SELECT 1 / 0').catch(() => undefined);
      });
      await expect(attempt).rejects.toThrow(TransactionDoomedError);
    }
    expect(listener.heard).toEqual([]);
  });

  it('independent work and its events stay although the surrounding transaction rolls back', async () => {
    const attempt = database.transaction(async () => {
      await write('lost');
      await database.independently(async () => {
        await write('kept');
        events.publish(new Noted('kept'));
      });
      events.publish(new Noted('lost'));
      await refuse();
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await written()).toEqual(['kept']);
    expect(listener.heard).toEqual(['kept']);
  });

  it('a batch is atomic, independent of the surrounding transaction, and returns the rows of its last statement', async () => {
    const attempt = database.transaction(async () => {
      const statements = ["INSERT INTO instance VALUES ('kept', '')", 'SELECT name FROM instance'] as const;
      expect(await database.batch(statements)).toEqual([{ name: 'kept' }]);
      await refuse();
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await written()).toEqual(['kept']);
  });

  it('a batch with a failed statement writes nothing, and the connection stays usable', async () => {
    const batches = Array.from({ length: 30 }, () =>
      database.batch(["INSERT INTO instance VALUES ('lost', '')", 'SELECT 1 / 0']),
    );
    const outcomes = await Promise.allSettled(batches);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await write('after');
    expect(await written()).toEqual(['after']);
  });

  it('more transactions than connections complete at once, each with independent work inside', async () => {
    const works = Array.from({ length: 30 }, (_, index) =>
      database.transaction(async () => {
        await database.manager.query('SELECT pg_sleep(0.01)');
        await database.independently(() => write(`n${index}`));
      }),
    );
    await Promise.all(works);
    expect(await written()).toHaveLength(30);
  });

  it('a handler before the commit writes in the transaction of its event, after all joined work, and can undo it', async () => {
    class Decided extends DomainEvent {
      static override readonly type = 'fact.decided';
      constructor(readonly name: string) {
        super();
      }
    }
    const xids: string[] = [];
    const keepXid = async () => {
      const [row] = await database.manager.query<{ xid: string }[]>('SELECT pg_current_xact_id()::text AS xid');
      xids.push(row!.xid);
    };
    events.beforeCommit(Decided, async ({ name }) => {
      await keepXid();
      if (name === 'bad') throw refusal;
      await write(`handled ${name}`);
      // A hook may publish another event.
      if (name === 'a') events.publish(new Decided('nested'));
    });
    await database.transaction(async () => {
      await keepXid();
      events.publish(new Decided('a'));
      expect(await written()).toEqual([]);
      void database.transaction(() => delay(20).then(() => events.publish(new Decided('late'))));
    });
    expect(await written()).toEqual(['handled a', 'handled late', 'handled nested']);
    expect(new Set(xids).size).toBe(1);
    const undone = database.transaction(async () => {
      await write('undone');
      events.publish(new Decided('bad'));
    });
    await expect(undone).rejects.toBe(refusal);
    expect(await written()).not.toContain('undone');
    events.publish(new Decided('alone'));
    await until(async () => (await written()).includes('handled alone'));
  });

  it('after-commit work is awaited, runs outside of the transaction, and may fail', async () => {
    const done: string[] = [];
    await database.transaction(async () => {
      database.afterCommit(() => Promise.reject(refusal));
      database.afterCommit(async () => {
        await database.transaction(() => write('after'));
        done.push('after');
      });
    });
    expect(done).toEqual(['after']);
    expect(await written()).toEqual(['after']);
  });

  it('more transactions than connections complete at once, each with another transaction after its commit', async () => {
    const works = Array.from({ length: 30 }, (_, index) =>
      database.transaction(async () => {
        await write(`n${index}`);
        database.afterCommit(() => database.transaction(() => write(`then${index}`)));
      }),
    );
    await Promise.all(works);
    expect(await written()).toHaveLength(60);
  });

  it('a transaction that has ended no longer counts as the current one', async () => {
    let late!: Promise<void>;
    let release!: () => void;
    const over = new Promise<void>((resolve) => (release = resolve));
    await database.transaction(async () => {
      late = over.then(() => write('late'));
      await write('early');
    });
    release();
    await late;
    expect(await written()).toEqual(['early', 'late']);
  });

  describe('work after a rollback', () => {
    type Work = (refused: Promise<void>) => Promise<unknown>;

    /** Runs the work concurrently with a rollback, which the work may await, and returns its outcome. */
    const besideRefusal = async (work: Work): Promise<PromiseSettledResult<unknown>> => {
      let goOn!: () => void;
      const refused = new Promise<void>((resolve) => (goOn = resolve));
      let running!: Promise<unknown>;
      const attempt = database.transaction(() => Promise.all([(running = work(refused)), refuse()]));
      await expect(attempt).rejects.toBe(refusal);
      goOn();
      const [outcome] = await Promise.allSettled([running]);
      return outcome;
    };
    const doomed = { status: 'rejected', reason: expect.any(TransactionDoomedError) };

    it('a statement, a joined transaction and a new transaction are rejected after the rollback', async () => {
      const works: Work[] = [
        (refused) => refused.then(() => write('a')),
        (refused) => refused.then(() => database.transaction(() => write('a'))),
        (refused) =>
          database.transaction(async () => {
            await write('a');
            await refused;
            await write('b');
          }),
      ];
      for (const work of works) expect(await besideRefusal(work)).toMatchObject(doomed);
      const { reason } = (await besideRefusal(works[0]!)) as PromiseRejectedResult;
      expect((reason as Error).cause).toBe(refusal);
      expect(await written()).toEqual([]);
    });

    it('work of a transaction that a time limit has rolled back is rejected', async () => {
      let slow!: Promise<unknown>;
      const attempt = database.transaction(() => {
        slow = database.manager.query('SELECT pg_sleep(0.1)').then(() => write('late'));
        return Promise.race([slow, delay(20).then(refuse)]);
      });
      await expect(attempt).rejects.toBe(refusal);
      await expect(slow).rejects.toThrow(TransactionDoomedError);
      expect(await written()).toEqual([]);
    });

    it('events of work after a rollback are never published', async () => {
      await besideRefusal(async (refused) => {
        await refused;
        events.publish(new Noted('a'));
        database.afterCommit(() => write('a'));
      });
      await delay(20);
      expect(listener.heard).toEqual([]);
      expect(await written()).toEqual([]);
    });

    it('a manager kept from a transaction is rejected during and after the rollback', async () => {
      for (const isLater of [false, true]) {
        const outcome = await besideRefusal(async (refused) => {
          const { manager } = database;
          await manager.query('SELECT 1');
          if (isLater) await refused;
          await manager.query("INSERT INTO instance VALUES ('a', '')");
        });
        expect(outcome.status).toBe('rejected');
      }
      expect(await written()).toEqual([]);
    });

    it('a rollback leaves no TypeORM transaction open on the connection', async () => {
      await besideRefusal((refused) =>
        database.manager.transaction(async (inner) => {
          await inner.query("INSERT INTO instance VALUES ('a', '')");
          await refused;
        }),
      );
      await database.transaction(() => write('b'));
      expect(await written()).toEqual(['b']);
    });

    it('independent work commits although the surrounding transaction has rolled back', async () => {
      const outcome = await besideRefusal(async (refused) => {
        await database.independently(async () => {
          await write('begun before');
          await refused;
          await write('ended after');
          events.publish(new Noted('before'));
        });
        await database.independently(() => write('later'));
        await database.batch(["INSERT INTO instance VALUES ('latest', '')", 'SELECT 1']);
      });
      expect(outcome).toMatchObject({ status: 'fulfilled' });
      expect(await written()).toEqual(['begun before', 'ended after', 'later', 'latest']);
      expect(listener.heard).toEqual(['before']);
    });
  });

  describe('the transaction context', () => {
    /** The storages that were enabled since the test began and are still enabled. */
    const inUse = new Set<unknown>();
    const isBurden = () => inUse.size > 0;
    const collecting = async (isOver: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 20 && !isOver(); turn += 1) {
        collectGarbage();
        await delay(10);
      }
    };

    const storages = AsyncLocalStorage.prototype as unknown as {
      run: (this: unknown, store: unknown, work: () => unknown) => unknown;
      disable: (this: unknown) => void;
    };
    const { run, disable } = storages;
    beforeEach(async () => {
      inUse.clear();
      // Jest mocks would keep their arguments alive.
      storages.run = function (this: unknown, store, work) {
        if (store !== undefined) inUse.add(this);
        return run.call(this, store, work);
      };
      storages.disable = function (this: unknown) {
        inUse.delete(this);
        disable.call(this);
      };
      // The contexts of earlier rolled-back transactions may not have been collected yet.
      await database.transaction(() => database.withReservedConnection(() => database.manager.query('SELECT 1')));
      await collecting(() => !isBurden());
    });
    afterEach(() => void Object.assign(storages, { run, disable }));

    it('the transaction context is enabled only while a transaction runs', async () => {
      expect(isBurden()).toBe(false);
      await database.transaction(async () => {
        await write('a');
        await database.withReservedConnection(() => database.manager.query('SELECT 1'));
        expect(isBurden()).toBe(true);
      });
      await Promise.resolve();
      expect(isBurden()).toBe(false);
      await Promise.all([1, 2, 3].map((name) => database.independently(() => write(String(name)))));
      expect(await database.withReservedConnection(async () => isBurden())).toBe(true);
      await Promise.resolve();
      expect(isBurden()).toBe(false);
    });

    it('the transaction context stays enabled after a rollback only while rejected work may still run', async () => {
      const outcomes: string[] = [];
      let goOn!: () => void;
      const waiting = new Promise<void>((resolve) => (goOn = resolve));
      const attempt = database.transaction(() => {
        void waiting
          .then(() => delay(20))
          .then(() => write('late'))
          .then(
            () => outcomes.push('written'),
            (error: Error) => outcomes.push(error.constructor.name),
          );
        return refuse();
      });
      await expect(attempt).rejects.toBe(refusal);
      await collecting(() => false);
      await database.transaction(() => write('other'));
      expect(isBurden()).toBe(true);
      goOn();
      await collecting(() => outcomes.length > 0);
      expect(outcomes).toEqual([TransactionDoomedError.name]);
      expect(await written()).toEqual(['other']);
      await collecting(() => !isBurden());
      expect(isBurden()).toBe(false);
    });
  });

  it('a transaction commits after all joined work has ended, even if no caller awaits it', async () => {
    await database.transaction(async () => {
      void database.transaction(async () => {
        await delay(30);
        await write('joined');
        events.publish(new Noted('joined'));
      });
    });
    expect(await written()).toEqual(['joined']);
    expect(listener.heard).toEqual(['joined']);
  });

  it.each([
    ['a separate transaction for work that begins during its commit', 'allowed', ['allowed'], 'rejected'],
    ['no work that begins while its commit is about to fail', 'rejected', [], /^A part of this transaction failed/],
  ])('a transaction creates %s', async (_, first, remaining, message) => {
    await database.manager.query(`CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(0.2);
        IF NEW.name = 'rejected' THEN RAISE EXCEPTION 'rejected'; END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON instance DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.name IN ('allowed', 'rejected')) EXECUTE FUNCTION look()`);
    let late!: Promise<void>;
    const attempt = database.transaction(async () => {
      await write(first);
      late = delay(100).then(() =>
        database.transaction(async () => {
          await write('late');
          await refuse();
        }),
      );
      // The promise is awaited only after the commit.
      late.catch(() => undefined);
    });
    await Promise.allSettled([attempt.catch(() => undefined).then(() => late)]);
    await database.manager.query('DROP TRIGGER slow ON instance');
    expect(await written()).toEqual(remaining);
    await expect(late).rejects.toThrow(message);
  });

  it('a transaction does not commit if joined work fails that no caller awaits', async () => {
    const attempt = database.transaction(async () => {
      await write('a');
      void database.transaction(() => delay(30).then(refuse)).catch(() => undefined);
    });
    await expect(attempt).rejects.toThrow(TransactionDoomedError);
    expect(await written()).toEqual([]);
  });

  it('the victim of a deadlock gets an error that says to retry', async () => {
    for (const name of ['a', 'b']) await write(name);
    const lock = (name: string) => database.manager.query('SELECT FROM instance WHERE name = $1 FOR UPDATE', [name]);
    const inOrder = (first: string, second: string) =>
      database.transaction(async () => {
        await lock(first);
        await delay(100);
        await lock(second);
      });
    const outcomes = await Promise.allSettled([inOrder('a', 'b'), inOrder('b', 'a')]);
    const refusals = outcomes.filter(({ status }) => status === 'rejected');
    expect(refusals).toMatchObject([{ reason: { code: '40P01', isTransient: true } }]);
  });

  it('the database recovers from the loss of all its connections, idle and in use', async () => {
    const other = new pg.Client({ connectionString: empty.url });
    await other.connect();
    const terminate = () =>
      other.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    // A statement sent at once meets the lost connection; a later one finds it already removed from the pool.
    for (const milliseconds of [0, 50]) {
      const interrupted = database.transaction(async () => {
        await write('a');
        await terminate();
        await delay(milliseconds);
        await write('b');
      });
      await expect(interrupted).rejects.toMatchObject({ isTransient: true });
    }
    await database.manager.query('SELECT 1').catch(() => undefined);
    await terminate();
    await other.end();
    await delay(100);
    await database.transaction(() => write('c'));
    expect(await written()).toEqual(['c']);
  });

  it('generated ids sort by their time', () => {
    const ids = Array.from({ length: 100 }, () => uuidv7());
    expect([...ids].sort()).toEqual(ids);
  });
});

class Further1999000000000 implements MigrationInterface {
  readonly name = 'Further1999000000000';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE further (id uuid PRIMARY KEY)');
  }
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE further');
  }
}

class Broken1999000000001 implements MigrationInterface {
  readonly name = 'Broken1999000000001';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE half (id uuid PRIMARY KEY)');
    await queryRunner.query('CREATE TABLE half (id uuid PRIMARY KEY)');
  }
  async down(): Promise<void> {}
}

class Slow1999000000003 implements MigrationInterface {
  readonly name = 'Slow1999000000003';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT pg_sleep(1)');
  }
  async down(): Promise<void> {}
}

class Unlocking1999000000002 implements MigrationInterface {
  readonly name = 'Unlocking1999000000002';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT pg_advisory_unlock_all()');
  }
  async down(): Promise<void> {}
}

describe('the migrations', () => {
  let empty: TestDatabase;

  beforeEach(async () => {
    empty = await createEmptyDatabase();
  });
  afterEach(() => empty.drop());

  const boot = async (settings: { migrate?: boolean; databaseUrl?: string }) => {
    const app = await Test.createTestingModule({
      imports: [PersistenceModule.forRoot({ databaseUrl: empty.url, ...settings, migrations: [Further1999000000000] })],
    })
      .setLogger(silent)
      .compile();
    await app.init();
    return app;
  };

  it('migrations run once when ten processes start at once on an empty database', async () => {
    const done = await Promise.all(Array.from({ length: 10 }, () => migrateDatabase(empty.url)));
    expect(done.flat()).toHaveLength(migrations.length);
  });

  describe('while another connection holds the migration lock', () => {
    let holder: pg.Client;
    beforeEach(async () => {
      holder = new pg.Client({ connectionString: empty.url });
      await holder.connect();
    });
    afterEach(() => holder.end());
    const hold = () => holder.query('SELECT pg_advisory_lock(31648367529489006)');
    const within5Seconds = (migrating: Promise<string[]>) =>
      Promise.race([migrating, delay(5000, 'waits', { ref: false })]);

    it('a start without pending migrations does not wait for the migration lock', async () => {
      await migrateDatabase(empty.url);
      await hold();
      expect(await within5Seconds(migrateDatabase(empty.url))).toEqual([]);
    });

    it('a start waits for the migration lock only until no migration is pending', async () => {
      await hold();
      const waiting = migrateDatabase(empty.url);
      expect(await Promise.race([waiting, delay(500, 'waits')])).toBe('waits');
      const dataSource = new DataSource({
        type: 'postgres',
        extra: { connectionString: empty.url },
        migrations,
        migrationsTableName: 'postern_migrations',
        installExtensions: false,
      });
      await dataSource.initialize();
      await dataSource.runMigrations({ transaction: 'each' });
      await dataSource.destroy();
      expect(await within5Seconds(waiting)).toEqual([]);
    });

    it('migrations run as soon as the migration lock is released', async () => {
      await hold();
      const waiting = migrateDatabase(empty.url);
      expect(await Promise.race([waiting, delay(500, 'waits')])).toBe('waits');
      await holder.query('SELECT pg_advisory_unlock_all()');
      expect(await within5Seconds(waiting)).toHaveLength(migrations.length);
    });
  });

  it('the start fails if a transaction could not see the changes that it waited for', async () => {
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const name = rows[0]!.name;
    try {
      await client.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'repeatable read'`);
      await expect(boot({})).rejects.toMatchObject({
        code: 'isolation-level',
        message: expect.stringContaining(`but it is 'repeatable read'`),
      });
    } finally {
      await client.query(`ALTER DATABASE ${name} RESET default_transaction_isolation`);
      await client.end();
    }
    await (await boot({})).close();
  });

  it('migrations ignore the statement timeout of the database or its user', async () => {
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    await client.query(`ALTER DATABASE "${rows[0]!.name}" SET statement_timeout = '500ms'`);
    await client.end();
    await expect(migrateDatabase(empty.url, [Slow1999000000003])).resolves.toContain('Slow1999000000003');
  });

  it('migrations report that their lock was lost, as through a pooler that shares connections', async () => {
    const told: unknown[] = [];
    const errors = new ConsoleLogger({ logLevels: [] });
    errors.error = (message: unknown) => void told.push(message);
    Logger.overrideLogger(errors);
    await migrateDatabase(empty.url, [Unlocking1999000000002]).finally(() => Logger.overrideLogger(silent));
    expect(told).toEqual([expect.stringMatching(/pooler.*direct/)]);
  });

  it('migrations of Postern and of the application run before the database is used', async () => {
    const app = await boot({});
    await expect(app.get(Database).manager.query('SELECT * FROM users, further')).resolves.toEqual([]);
    await app.close();
  });

  it('the start fails until the operator has run the migrations if they are set to manual', async () => {
    await expect(boot({ migrate: false })).rejects.toThrow(/Foundation.*Further.*Run them before/s);
    await expect(boot({ migrate: false })).rejects.toMatchObject({ code: 'migrations-pending' });
    await migrateDatabase(empty.url, [Further1999000000000]);
    await (await boot({ migrate: false })).close();
  });

  it.each([true, false])(
    'migrations are not reported as pending if the role may not read which have run (migrate: %s)',
    async (migrate) => {
      await migrateDatabase(empty.url, [Further1999000000000]);
      const client = new pg.Client({ connectionString: empty.url });
      await client.connect();
      const role = `reader_${randomUUID().replaceAll('-', '')}`;
      await client.query(`CREATE ROLE ${role}`);
      try {
        const databaseUrl = `${empty.url}${empty.url.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c role=${role}`)}`;
        await expect(boot({ migrate, databaseUrl })).rejects.toThrow('permission denied for table postern_migrations');
      } finally {
        await client.query(`DROP ROLE ${role}`);
        await client.end();
      }
    },
  );

  it('a migration that fails leaves no change behind', async () => {
    await expect(migrateDatabase(empty.url, [Broken1999000000001])).rejects.toThrow('already exists');
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const { rows } = await client.query(`SELECT to_regclass('users') AS users, to_regclass('half') AS half`);
    await client.end();
    expect(rows).toEqual([{ users: 'users', half: null }]);
  });

  it('migrations can be reverted', async () => {
    await migrateDatabase(empty.url);
    const dataSource = new DataSource({
      type: 'postgres',
      url: empty.url,
      migrations,
      migrationsTableName: 'postern_migrations',
      installExtensions: false,
    });
    await dataSource.initialize();
    for (const _ of migrations) await dataSource.undoLastMigration();
    const tables: unknown[] = await dataSource.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    await dataSource.destroy();
    expect(tables).toEqual([{ tablename: 'postern_migrations' }]);
  });
});

describe('PersistenceModule', () => {
  const boot = (settings: PersistenceSettings) =>
    Test.createTestingModule({ imports: [PersistenceModule.forRoot(settings)] })
      .setLogger(silent)
      .compile();

  it('PersistenceModule names a setting that is missing or invalid and says what to write', async () => {
    await expect(boot({ databaseUrl: '' })).rejects.toThrow('write "postgres://user:password@host:5432/database"');
    const databaseUrl = 'postgres://localhost/x';
    const misread = (settings: object) => boot({ databaseUrl, ...settings });
    await expect(misread({ poolSize: 5 })).rejects.toThrow(
      '`poolSize: 5`: write a whole number of 6 or more, or leave it out for 14',
    );
    await expect(misread({ poolSize: '10' })).rejects.toThrow('`poolSize: "10"`: write a whole number');
    // The text comes from an environment variable. If it counted as true, Postern would change a schema of the
    // operator.
    await expect(misread({ migrate: 'false' })).rejects.toThrow('`migrate: "false"`: write true or false');
    await expect(misread({ applicationName: 7 })).rejects.toThrow('`applicationName: 7`: write a string');
  });

  it.each<[string, (settings: PersistenceSettings) => DynamicModule]>([
    ['forRoot', (settings) => PersistenceModule.forRoot(settings)],
    ['forRootAsync', (settings) => PersistenceModule.forRootAsync({ useFactory: () => settings })],
  ])('PersistenceModule rejects an unknown setting by %s', async (_, moduleOf) => {
    const misspelt = { databaseUrl: 'postgres://127.0.0.1:1/x', poolsize: 5 };
    const module = Test.createTestingModule({ imports: [moduleOf(misspelt)] }).setLogger(silent);
    await expect(module.compile()).rejects.toThrow(
      'PersistenceModule knows no setting "poolsize"; there are: databaseUrl, migrate, poolSize, applicationName.',
    );
  });

  it('PersistenceModule rejects an unknown setting from a factory', async () => {
    const returning = (settings: unknown) =>
      Test.createTestingModule({
        imports: [PersistenceModule.forRootAsync({ useFactory: () => settings as PersistenceSettings })],
      })
        .setLogger(silent)
        .compile();
    const migrated = { databaseUrl: 'postgres://127.0.0.1:1/x', migrations: [Further1999000000000] };
    await expect(returning(migrated)).rejects.toThrow(
      'PersistenceModule takes "migrations" beside "useFactory", and not from what it returns.',
    );
    await expect(returning(undefined)).rejects.toThrow('PersistenceModule must be an object of settings.');
  });

  it.each<[string, RegExp]>([
    ['postgres://postern:hunter2/aB@db/postern', /^`databaseUrl` cannot be read .* %23/],
    ['postgres://postern:22#hunter2@db/postern', /^`databaseUrl` cannot be read .* %23/],
    ['postgres://postern:hunter2@db:99999/postern', /^`databaseUrl` cannot be read .* port/],
    ['postgres://postern:hunter2@db/postern?sslrootcert=/nowhere/ca.pem', /^`databaseUrl` names a file .*nowhere/],
  ])(
    'PersistenceModule explains an invalid database URL without showing a secret: %s',
    async (databaseUrl, sentence) => {
      for (const attempt of [() => boot({ databaseUrl }), () => migrateDatabase(databaseUrl)]) {
        const error = (await attempt().catch((caught: unknown) => caught)) as Error;
        expect(error.message).toMatch(sentence);
        expect(error.message).not.toMatch(/hunter/);
      }
    },
  );

  it('PersistenceModule leaves no AsyncLocalStorage enabled after its end', async () => {
    const empty = await createTestDatabase();
    const run = jest.spyOn(AsyncLocalStorage.prototype, 'run');
    const disable = jest.spyOn(AsyncLocalStorage.prototype, 'disable');
    try {
      const app = await boot({ databaseUrl: empty.url });
      const database = app.get(Database);
      await database.transaction(() => database.withReservedConnection(() => database.manager.query('SELECT 1')));
      const used = new Set<unknown>(run.mock.contexts);
      expect(used.size).toBeGreaterThanOrEqual(2);
      await app.close();
      const left = new Set<unknown>(disable.mock.contexts);
      expect([...used].filter((storage) => !left.has(storage))).toEqual([]);
    } finally {
      run.mockRestore();
      disable.mockRestore();
      await empty.drop();
    }
  });

  it('work after the end of PersistenceModule fails with the error of an unavailable database', async () => {
    const empty = await createTestDatabase();
    const app = await boot({ databaseUrl: empty.url });
    const database = app.get(Database);
    const ask = () => database.manager.query('SELECT 1');
    await app.close();
    const ways = [
      ask(),
      database.manager.createQueryBuilder().select('1').from('instance', 'instance').getRawMany(),
      database.transaction(ask),
      database.independently(ask),
      database.batch(['SELECT 1', 'SELECT 2']),
      database.withReservedConnection(ask),
    ];
    const outcomes = await Promise.allSettled(ways);
    expect(outcomes).toEqual(
      ways.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({
          isTransient: true,
          message: expect.stringContaining('has closed its database'),
        }),
      })),
    );
    await empty.drop();
  });

  it('the start fails at once if the database does not exist', async () => {
    const some = await createEmptyDatabase();
    await some.drop();
    await expect(boot({ databaseUrl: some.url })).rejects.toThrow('does not exist');
  });
});

describe('a database for tests', () => {
  it('a test gets a new database each time, even if the URL of the server names no database', async () => {
    const server = process.env.POSTERN_TEST_DATABASE_URL!;
    // The URL of a Unix socket needs its path; the URL of a host does not.
    const bare = server.replace(/^(\w+:\/\/(?:[^/@]*@)?[^/@?]+)\/[^?]*$/, '$1');
    const some = [await createTestDatabase(bare), await createEmptyDatabase(bare)];
    try {
      expect(new Set([server, bare, ...some.map(({ url }) => url)]).size).toBe(bare === server ? 3 : 4);
    } finally {
      for (const one of some) await one.drop();
    }
  });
});
