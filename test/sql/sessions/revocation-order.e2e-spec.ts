import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Clock, RevocationSet, SystemClock } from 'postern/auth';
import type { Principal, RevocationRequest } from 'postern/auth';
import { Database, PersistenceModule } from 'postern/persistence';
import {
  CheckedRevocationsSettings,
  PostgresSignal,
  RedisSignal,
  RevocationTable,
  RevocationFeed,
  RevocationSignal,
  DatabaseRevocationSource,
} from 'postern/revocations';
import type { RevocationsSettings, SequencedRevocation } from 'postern/revocations';
import { createTestDatabase, revocationSourceSpec } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { CheckedTokensSettings, EarliestClock } from 'postern/tokens';
import { TcpProxy } from '../../revocations/cluster.js';
import { until } from '../../support/until.js';

const issuer = 'https://id.example.test';
const beginning = { sequence: 0, tag: '' };
const databaseName = /(?<=^\w+:\/\/[^/]*\/)[^?]*/;
const redisUrl = 'redis://127.0.0.1:6379';

/** A signal that loses every notification. */
class LostSignal extends RevocationSignal {
  async announce(): Promise<void> {}
  async listen(): Promise<void> {}
  async stop(): Promise<void> {}
}

interface Replica {
  readonly module: TestingModule;
  readonly database: Database;
  readonly journal: RevocationTable;
  readonly source: DatabaseRevocationSource;
  readonly feed: RevocationFeed;
  readonly set: RevocationSet;
  isRevoked(sessionId: string): boolean;
  /** Commits a revocation and numbers it, like DatabaseRevocationPublisher. */
  revoke(sessionId: string): Promise<void>;
}

describe('revocations among replicas', () => {
  let database: TestDatabase;
  let replicas: Replica[] = [];

  beforeEach(async () => (database = await createTestDatabase()));
  afterEach(async () => {
    for (const { source, module } of replicas) {
      await source.stop();
      await module.close();
    }
    replicas = [];
    await database.drop();
  });

  async function replica(
    signalOf: (database: Database) => RevocationSignal = (held) => new PostgresSignal(held),
    settings: RevocationsSettings = {},
    name = 'postern',
  ): Promise<Replica> {
    const module = await Test.createTestingModule({
      imports: [PersistenceModule.forRoot({ databaseUrl: database.url, poolSize: 24, applicationName: name })],
    }).compile();
    const held = module.get(Database);
    const clock: Clock = new SystemClock();
    const tokens = new CheckedTokensSettings({ issuer, audience: 'api', secret: 'not looked at here' });
    const terms = new CheckedRevocationsSettings(settings, clock, tokens);
    const signal = signalOf(held);
    const journal = new RevocationTable(held, signal, terms, new EarliestClock(held, clock));
    const feed = new RevocationFeed(terms);
    const source = new DatabaseRevocationSource(journal, signal, feed, terms);
    const set = new RevocationSet(clock, issuer);
    const made: Replica = {
      module,
      database: held,
      journal,
      source,
      feed,
      set,
      isRevoked: (sessionId) => set.isRevoked(principalOf(sessionId)),
      async revoke(sessionId) {
        await held.transaction(() => journal.append([{ kind: 'session', target: sessionId, reason: 'test' }]));
        await journal.order();
      },
    };
    replicas.push(made);
    return made;
  }

  describe.each([
    ['notified by NOTIFY', (held: Database) => new PostgresSignal(held)],
    ['not notified, and found by polling', () => new LostSignal()],
  ])('%s', (_, signalOf) => {
    revocationSourceSpec(async () => {
      const { source, database: held, journal } = await replica(signalOf);
      const publish = async (notice: RevocationRequest): Promise<void> => {
        await held.transaction(() => journal.append([notice]));
        await journal.order();
      };
      return { source, publisher: { publish } };
    });
  });

  it('a follower sees each revocation exactly once in hundreds of concurrent transactions, some of which roll back', async () => {
    const writers = [await replica(), await replica()];
    const reader = await replica();
    const committed = new Set<string>();
    const rolledBack = new Set<string>();
    const ordering: Promise<void>[] = [];
    let isWriting = true;

    const write = async (number: number): Promise<void> => {
      const writer = writers[number % writers.length]!;
      const target = `session-${number}`;
      const isRefused = Math.random() < 0.25;
      const work = writer.database.transaction(async () => {
        await delay(Math.random() * 20);
        await writer.journal.append([
          { kind: 'session', target, reason: 'test' },
          { kind: 'token', target, reason: 'test' },
        ]);
        // A random delay between write and commit: a number that is assigned too early would leave a gap.
        await delay(Math.random() * 60);
        if (isRefused) throw new Error('refused');
        writer.database.afterCommit(() => void ordering.push(writer.journal.order()));
      });
      await work.then(
        () => committed.add(target),
        () => rolledBack.add(target),
      );
    };

    const seen: SequencedRevocation[] = [];
    let end = beginning;
    const follow = async (): Promise<void> => {
      for (;;) {
        const wasWriting = isWriting;
        const page = (await reader.journal.since(end, 7))!;
        seen.push(...page.entries);
        end = page.end;
        if (!wasWriting && page.entries.length === 0 && page.unordered.length === 0) return;
      }
    };
    const following = follow();
    await Promise.all(Array.from({ length: 600 }, (_, number) => write(number)));
    isWriting = false;
    await following;
    // The last revocations may not have been announced to the other replicas yet.
    await Promise.all(ordering);

    expect(committed.size).toBeGreaterThan(300);
    expect(rolledBack.size).toBeGreaterThan(50);
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, place) => place + 1));
    const targets = [...committed].flatMap((target) => [`session ${target}`, `token ${target}`]);
    expect(seen.map(({ kind, target }) => `${kind} ${target}`).sort()).toEqual(targets.sort());
  });

  it('NOTIFY delivers a revocation to another replica long before its poll', async () => {
    const [here, there] = [await replica(), await replica(undefined, { pollSeconds: 10 })];
    await there.source.follow(there.set);
    const started = performance.now();
    await here.revoke('s1');
    await until(() => there.isRevoked('s1'));
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('polling delivers a revocation to a replica that receives no notification', async () => {
    const here = await replica();
    const there = await replica(() => new LostSignal(), { pollSeconds: 0.2 });
    await there.source.follow(there.set);
    await here.revoke('s1');
    expect(there.isRevoked('s1')).toBe(false);
    await until(() => there.isRevoked('s1'));
  });

  it('a revocation reaches a replica whose LISTEN connection was dropped, and the replica listens again', async () => {
    const here = await replica();
    const there = await replica(undefined, { pollSeconds: 0.2 }, 'there');
    await there.source.follow(there.set);
    expect(await listeners('there')).toBe(1);
    await onServer(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND application_name = 'there'`,
    );
    await here.revoke('s1');
    await until(() => there.isRevoked('s1'));
    await until(async () => (await listeners('there')) === 1);
  });

  it('any replica numbers the revocations that a crashed replica has left without a number', async () => {
    const died = await replica();
    const alive = await replica(undefined, { pollSeconds: 0.1 });
    await alive.source.follow(alive.set);
    await died.database.transaction(() => died.journal.append([{ kind: 'session', target: 's1', reason: 'test' }]));
    await until(() => alive.isRevoked('s1'));
    const placed = () =>
      alive.journal.since(beginning, 10).then((page) => page!.entries.map(({ sequence }) => sequence));
    await until(async () => (await placed()).length > 0);
    expect(await placed()).toEqual([1]);
  });

  it('a revocation reaches a replica whose pool is busy, with and without a number', async () => {
    const here = await replica();
    const there = await replica(undefined, { pollSeconds: 0.1 });
    await there.source.follow(there.set);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const busy = Array.from({ length: 40 }, () => there.database.transaction(() => released));
    try {
      await here.database.transaction(() => here.journal.append([{ kind: 'session', target: 's1', reason: 'test' }]));
      await until(() => there.isRevoked('s1'));
      await here.database.transaction(() => here.journal.append([{ kind: 'session', target: 's2', reason: 'test' }]));
      await until(() => there.isRevoked('s2'));
      await here.revoke('s3');
      await until(() => there.isRevoked('s3'));
    } finally {
      release();
      await Promise.all(busy);
    }
  });

  it('a replica has read all pages of revocations before it serves requests', async () => {
    const here = await replica();
    const sessions = Array.from({ length: 12_000 }, (_, number) => `s${number}`);
    await here.journal.append(sessions.map((target) => ({ kind: 'session', target, reason: 'test' })));
    const late = await replica();
    await late.source.follow(late.set);
    expect(sessions.filter((target) => !late.isRevoked(target))).toEqual([]);
  });

  it('a revocation keeps its kind, target, cut-off, reason and expiry in transit', async () => {
    const here = await replica();
    const expiresAt = Math.floor(Date.now() / 1000) + 500;
    const before = expiresAt - 600;
    await here.journal.append([
      { kind: 'subject', target: 'u1', before, reason: 'user-disabled', expiresAt },
      { kind: 'key', target: 'k1', reason: 'killed', expiresAt },
    ]);
    await here.journal.order();
    const row = { id: expect.any(String), createdAt: expect.any(Number) };
    expect((await here.journal.since(beginning, 10))!.entries).toEqual([
      { ...row, sequence: 1, kind: 'subject', target: 'u1', before, reason: 'user-disabled', expiresAt },
      { ...row, sequence: 2, kind: 'key', target: 'k1', reason: 'killed', expiresAt },
    ]);
  });

  it('revocations are deleted after the longest token has expired, and numbering continues', async () => {
    const here = await replica();
    const past = Math.floor(Date.now() / 1000) - 1;
    await here.journal.append([
      { kind: 'session', target: 'old', reason: 'test', expiresAt: past },
      { kind: 'session', target: 'new', reason: 'test' },
    ]);
    await here.journal.order();
    expect(await here.journal.forgetExpired(100)).toBe(1);
    await here.revoke('newest');
    const { entries } = (await here.journal.since(beginning, 10))!;
    expect(entries.map(({ target }) => target)).toEqual(['new', 'newest']);
    expect(entries.at(-1)?.sequence).toBe(3);
  });

  it('deleting expired revocations keeps the last one, so that readers continue without a full read', async () => {
    const here = await replica(undefined, { pollSeconds: 0.05 });
    const past = Math.floor(Date.now() / 1000) - 1;
    await here.source.follow(here.set);
    await here.journal.append(
      ['s1', 's2', 's3'].map((target) => ({ kind: 'session', target, reason: 'test', expiresAt: past })),
    );
    await here.journal.order();
    const { end } = (await here.journal.since(beginning, 10))!;
    await until(() => here.feed.end.sequence === 3);
    expect(await here.journal.forgetExpired(100)).toBe(2);
    expect((await here.journal.since(end, 10))!.entries).toEqual([]);
    await here.revoke('s4');
    await until(() => here.isRevoked('s4'));
    expect([end.sequence, here.feed.generation]).toEqual([3, 0]);
  });

  it.each([
    ['a number below the last one that was read', `DELETE FROM revocations; UPDATE revocation_cursor SET seq = 0`],
    [
      'the last number that was read',
      `DELETE FROM revocations;
       INSERT INTO revocations (id, seq, kind, target, reason, expires_at)
       SELECT gen_random_uuid(), n, 'session', 's' || n + 2, 'test', now() + interval '1 hour' FROM generate_series(1, 2) n`,
    ],
    [
      'a number above the last one that was read',
      `DELETE FROM revocations;
       INSERT INTO revocations (id, seq, kind, target, reason, expires_at)
       SELECT gen_random_uuid(), n, 'session', 's' || n + 2, 'test', now() + interval '1 hour' FROM generate_series(1, 3) n;
       UPDATE revocation_cursor SET seq = 3`,
    ],
  ])(
    'replicas receive revocations after the database has silently lost its last commits, although they get %s',
    async (_, loss) => {
      const here = await replica();
      const there = await replica(() => new LostSignal(), { pollSeconds: 0.1 });
      await there.source.follow(there.set);
      for (const sessionId of ['s1', 's2']) await here.revoke(sessionId);
      await until(() => there.isRevoked('s2'));
      await onServer(loss);
      for (const sessionId of ['s3', 's4']) {
        if (loss.includes('INSERT')) await until(() => there.isRevoked(sessionId));
        else await here.revoke(sessionId);
      }
      for (const sessionId of ['s1', 's2', 's3', 's4']) await until(() => there.isRevoked(sessionId));
      // The feed must start again as well.
      expect(there.feed.generation).toBe(1);
    },
  );

  it('revocations from an outage of the database are known soon after it ends, and the outage was visible', async () => {
    const there = await replica(undefined, { pollSeconds: 0.1 });
    await there.source.follow(there.set);
    const name = databaseName.exec(database.url)![0];
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`, 'postgres');
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`, 'postgres');
    await delay(400);
    const silentSince = there.source.lastContactAt!;
    await delay(300);
    expect(there.source.lastContactAt).toBe(silentSince);
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`, 'postgres');
    await onServer(
      `INSERT INTO revocations (id, kind, target, reason, expires_at)
       VALUES (gen_random_uuid(), 'session', 's1', 'test', now() + interval '1 hour')`,
    );
    await until(() => there.isRevoked('s1'));
    expect(there.source.lastContactAt).toBeGreaterThan(silentSince);
  });

  describe('with Redis', () => {
    let redis: Redis;
    let isThere = false;

    beforeAll(async () => {
      redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
      redis.on('error', () => undefined);
      isThere = await redis.connect().then(
        () => true,
        () => false,
      );
      if (!isThere && process.env.CI === 'true') throw new Error(`No Redis at ${redisUrl}.`);
      if (!isThere) process.stderr.write(`No Redis at ${redisUrl}: its part of this test is skipped\n`);
    });
    afterAll(() => redis.disconnect());

    it('Redis pub/sub delivers a revocation to another replica long before the poll', async () => {
      if (!isThere) return;
      const here = await replica(() => new RedisSignal(redisUrl));
      const there = await replica(() => new RedisSignal(redisUrl), { pollSeconds: 10 });
      await there.source.follow(there.set);
      const started = performance.now();
      await here.revoke('s1');
      await until(() => there.isRevoked('s1'));
      expect(performance.now() - started).toBeLessThan(1000);
    });

    it('a revocation reaches a replica whose Redis connections were cut, because PostgreSQL holds it', async () => {
      if (!isThere) return;
      const here = await replica();
      const there = await replica(() => new RedisSignal(redisUrl), { pollSeconds: 0.2 });
      await there.source.follow(there.set);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await here.revoke('s1');
      await until(() => there.isRevoked('s1'));
    });

    it('a revocation reaches old and new replicas while Redis accepts messages and delivers none', async () => {
      if (!isThere) return;
      const proxy = await TcpProxy.open({ port: 6379, host: '127.0.0.1' });
      const through = (): RedisSignal => new RedisSignal(`redis://127.0.0.1:${proxy.port}`);
      const here = await replica(through, { pollSeconds: 0.2 });
      const there = await replica(through, { pollSeconds: 0.2 });
      await here.source.follow(here.set);
      await there.source.follow(there.set);
      proxy.stall();
      for (const sessionId of ['s1', 's2']) {
        await here.revoke(sessionId);
        await until(() => here.isRevoked(sessionId) && there.isRevoked(sessionId));
      }
      const late = await replica(through, { pollSeconds: 0.2 });
      await late.source.follow(late.set);
      expect(late.isRevoked('s1') && late.isRevoked('s2')).toBe(true);
      await proxy.close();
    });

    it('a Redis outage logs one warning at its start and one line at its end, however many retries fail', async () => {
      if (!isThere) return;
      const target = { port: 6379, host: '127.0.0.1' };
      let proxy = await TcpProxy.open(target);
      const { port } = proxy;
      const told: Record<string, string[]> = { log: [], warn: [], debug: [] };
      const noting = Object.fromEntries(
        Object.entries(told).map(([at, lines]) => [at, (line: string) => lines.push(line)]),
      );
      Logger.overrideLogger({ error: () => undefined, ...noting } as unknown as LoggerService);
      const signal = new RedisSignal(`redis://127.0.0.1:${port}`);
      try {
        await signal.listen(() => undefined);
        await signal.announce(1);
        for (const times of [1, 2, 3, 4, 5]) {
          await proxy.close();
          await until(() => told.debug!.length > 6 * times);
          proxy = await TcpProxy.open(target, port);
          await until(() => told.log!.length === times);
          expect(told.warn).toHaveLength(times);
        }
        expect(told.warn![0]).toMatch(/^Connection to Redis failed, will retry.*ECONNREFUSED/);
        expect(told.log![0]).toBe('Connection to Redis works again');
      } finally {
        Logger.overrideLogger(false);
        await signal.stop();
        await proxy.close();
      }
    });

    it('a revocation arrives although Redis closes the connection at each SUBSCRIBE', async () => {
      if (!isThere) return;
      let refused = 0;
      let refusal: 'break' | 'silence' | undefined;
      const sockets = new Set<Socket>();
      const between = createServer((socket) => {
        const beyond = connect(6379, '127.0.0.1');
        for (const end of [socket, beyond]) sockets.add(end.on('error', () => undefined));
        beyond.pipe(socket).on('close', () => beyond.destroy());
        socket.on('data', (bytes) => {
          if (refusal === undefined || !/subscribe/i.test(String(bytes))) {
            beyond.write(bytes);
            return;
          }
          refused += 1;
          if (refusal === 'break') socket.destroy();
        });
      });
      await once(between.listen(0, '127.0.0.1'), 'listening');
      const signal = new RedisSignal(`redis://127.0.0.1:${(between.address() as AddressInfo).port}`);
      const heard: number[] = [];
      try {
        await signal.listen((sequence) => heard.push(sequence));
        refusal = 'break';
        sockets.forEach((socket) => socket.destroy());
        await until(() => refused >= 3);
        refusal = undefined;
        heard.length = 0;
        await until(() => heard.includes(Number.POSITIVE_INFINITY));
        await signal.announce(7);
        await until(() => heard.includes(7));
        refusal = 'silence';
        refused = 0;
        sockets.forEach((socket) => socket.destroy());
        await until(() => refused >= 1);
      } finally {
        // A subscriber is not notified about a subscription that Redis has not confirmed.
        await signal.stop();
        sockets.forEach((socket) => socket.destroy());
        between.close();
      }
    });

    it('a revocation reaches a replica that has never connected to Redis', async () => {
      const here = await replica(() => new RedisSignal('redis://127.0.0.1:1'));
      const there = await replica(() => new RedisSignal('redis://127.0.0.1:1'), { pollSeconds: 0.2 });
      await there.source.follow(there.set);
      await here.revoke('s1');
      await until(() => there.isRevoked('s1'));
    });
  });

  async function onServer(sql: string, name?: string): Promise<pg.QueryResult<{ count: string }>> {
    // Not by URL, because a Unix socket has none.
    const connectionString = name ? database.url.replace(databaseName, name) : database.url;
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  }

  async function listeners(name: string): Promise<number> {
    const { rows } = await onServer(
      `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND application_name = '${name}'`,
    );
    return Number(rows[0]!.count);
  }
});

function principalOf(sessionId: string): Principal {
  const epoch = Math.floor(Date.now() / 1000);
  return {
    issuer,
    subject: 'nobody',
    audience: [],
    tokenId: 't',
    sessionId,
    scopes: [],
    roles: [],
    amr: [],
    issuedAt: epoch,
    expiresAt: epoch + 900,
    keyId: 'k',
    claims: {},
  };
}
