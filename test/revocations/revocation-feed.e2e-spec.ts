import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { RevocationFeedController, DatabaseRevocationPublisher } from 'postern/revocations';
import { SessionsService } from 'postern/sessions';
import { RevokeKey } from 'postern/tokens';
import { DataSource } from 'typeorm';
import { until } from '../support/until.js';
import { audience, createFeedDatabase, FeedStream, proxyTo, startReplica } from './cluster.js';
import { issuer, ServedFeed, targetsIn, targetsOf } from './served-feed.js';

const ignore = (): void => undefined;
/** A logger of TypeORM that logs nothing. */
const ignored = {
  logQuery: ignore,
  logQueryError: ignore,
  logQuerySlow: ignore,
  logSchemaBuild: ignore,
  logMigration: ignore,
  log: ignore,
};

describe('the feed of revocations', () => {
  const feed = new ServedFeed('fastify');

  it('the feed sends tokens of their own type that an independent library verifies with the JWKS and reads by the standards', async () => {
    const stream = await feed.open();
    const { user, sessionId } = await feed.replica.signIn();
    await feed.replica.app.get(SessionsService).revoke(sessionId, 'logout');
    await feed.replica.app.get(DatabaseRevocationPublisher).publishAll([
      { kind: 'subject', target: user.id, before: 1_900_000_000, reason: 'password-changed' },
      { kind: 'subject', target: user.id, reason: 'account-disabled' },
      { kind: 'subject', target: user.id, reason: 'account-deleted' },
      { kind: 'subject', target: user.id, reason: 'logout-all' },
      { kind: 'client', target: 'app', reason: 'removed' },
      { kind: 'token', target: 'jti-1', reason: 'leaked' },
    ]);
    await until(() => stream.of('set').length === 7);
    const jwks = (await (await fetch(`${feed.replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const keys = createLocalJWKSet(jwks);
    const claims = await Promise.all(
      stream
        .of('set')
        .map(async ({ data }) => (await jwtVerify(data, keys, { issuer, audience, typ: 'secevent+jwt' })).payload),
    );
    const caep = 'https://schemas.openid.net/secevent/caep/event-type';
    const risc = 'https://schemas.openid.net/secevent/risc/event-type';
    const subject = { format: 'iss_sub', iss: issuer, sub: user.id };
    const said = claims.map(({ events, sub_id: subjectId }) => [Object.keys(events as object), subjectId]);
    expect(said[0]).toEqual([
      [`${caep}/session-revoked`],
      { format: 'complex', session: { format: 'opaque', id: sessionId } },
    ]);
    expect(said.slice(1)).toEqual(
      expect.arrayContaining([
        [[`${caep}/credential-change`], subject],
        [[`${risc}/account-disabled`], subject],
        [[`${risc}/account-purged`], subject],
        [[`${risc}/sessions-revoked`], subject],
        [['urn:postern:secevent:event-type:client-revoked'], { format: 'opaque', id: 'app' }],
        [['urn:postern:secevent:event-type:token-revoked'], { format: 'jwt_id', iss: issuer, jti: 'jti-1' }],
      ]),
    );
    expect(claims.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(7);
    for (const claim of claims) expect(claim).not.toHaveProperty('exp');
    const changed = claims.find(({ events }) => `${caep}/credential-change` in (events as object))!;
    expect(changed.events).toMatchObject({
      [`${caep}/credential-change`]: { credential_type: 'password', change_type: 'update' },
    });
    expect(changed.revocation).toMatchObject({ kind: 'subject', target: user.id, before: 1_900_000_000 });
  });

  it('the feed signs a revocation once for all followers', async () => {
    const [first, second] = [await feed.open(), await feed.open()];
    await feed.revoke('s1');
    await until(() => first.of('set').length + second.of('set').length === 2);
    expect(first.of('set')[0]!.data).toBe(second.of('set')[0]!.data);
  });

  it('the feed signs a snapshot page once for all new followers, and again after its key was revoked', async () => {
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(
        Array.from({ length: 600 }, (_, count) => ({ kind: 'session', target: `s${count}`, reason: 'test' })),
      );
    await until(async () => (await feed.ask()).sequence === 600);
    const [first, second] = [await feed.open(), await feed.open()];
    await until(() => first.of('position').length > 0 && second.of('position').length > 0);
    const pages = first.of('set').map(({ data }) => data);
    expect(pages).toHaveLength(2);
    expect(second.of('set').map(({ data }) => data)).toEqual(pages);
    expect((await feed.ask()).sets).toEqual(pages.slice(0, 1));

    const { kid } = JSON.parse(Buffer.from(pages[0]!.split('.')[0]!, 'base64url').toString()) as { kid: string };
    await feed.replica.app.get(RevokeKey).kill(kid);
    feed.token = await feed.replica.serviceToken();
    const third = await feed.open();
    await until(() => third.of('position').length > 0);
    const jwks = (await (await fetch(`${feed.replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    for (const { data } of third.of('set')) await jwtVerify(data, createLocalJWKSet(jwks), { typ: 'secevent+jwt' });
    expect(new Set(targetsIn(third)).size).toBe(601);
  });

  it('the feed keeps each snapshot page short enough for its readers, however long the targets are', async () => {
    const targets = Array.from({ length: 600 }, (_, count) => `${count}`.padEnd(255, '\u0001'));
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(targets.map((target) => ({ kind: 'session', target, reason: 'test' })));
    await until(async () => (await feed.ask()).sequence === 600);
    const stream = await feed.open();
    await until(() => stream.of('position').length > 0);
    expect(new Set(targetsIn(stream))).toEqual(new Set(targets));
    for (const { data } of stream.of('set')) expect(data.length).toBeLessThan(500_000);
  });

  it('the feed continues after Last-Event-ID at any replica, without loss and without duplicates', async () => {
    const twin = await feed.another();
    const first = await feed.open();
    for (let count = 0; count < 30; count += 1) await feed.revoke(`a${count}`);
    await until(() => first.of('set').length >= 17);
    const before = targetsIn(first).slice(0, 17);
    const lastId = first.of('set')[16]!.id!;
    first.leave();
    for (let count = 0; count < 30; count += 1) await feed.revoke(`b${count}`, twin);
    const second = await feed.open({ 'last-event-id': lastId }, twin);
    await until(() => second.of('set').length >= 43);
    await until(() => second.of('position').length > 0);
    expect(second.of('reset')).toEqual([]);
    const expected = ['a', 'b'].flatMap((name) => Array.from({ length: 30 }, (_, count) => `${name}${count}`));
    expect([...before, ...targetsIn(second)]).toEqual(expected);
  });

  it.each([
    ['nonsense', 'nonsense'],
    ['a cursor ahead of the server, as after restoring a backup', '999.0123abcd'],
    ['a cursor whose number belongs to another revocation now', '1.00000000'],
  ])('the feed sends a reset and a snapshot for an unknown cursor: %s', async (_, cursor) => {
    await feed.revoke('s1');
    await until(async () => targetsOf((await feed.ask()).sets).includes('s1'));
    const stream = await feed.open({ 'last-event-id': cursor });
    await until(() => stream.of('position').length > 0);
    expect(stream.told[0]).toMatchObject({ event: 'reset', data: '{"reason":"unknown-cursor"}' });
    expect(targetsIn(stream)).toEqual(['s1']);
    expect((await feed.ask(`?after=${cursor}`)).reset).toBe(true);
  });

  it('the feed sends a new snapshot to a follower that is too far behind', async () => {
    const stream = await feed.open();
    await until(() => stream.of('position').length > 0);
    const { lastId } = stream;
    stream.leave();
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(
        Array.from({ length: 2600 }, (_, count) => ({ kind: 'session', target: `s${count}`, reason: 'test' })),
      );
    await until(async () => (await feed.ask()).sequence === 2600);
    const late = await feed.open({ 'last-event-id': lastId });
    await until(() => late.of('position').length > 0);
    expect(late.of('reset')).toHaveLength(1);
    expect(late.of('set')).toHaveLength(6);
    expect(new Set(targetsIn(late)).size).toBe(2600);
  });

  it('the feed omits revocations without live tokens from a snapshot, and continues after it', async () => {
    const past = Math.floor(Date.now() / 1000) - 10;
    await feed.replica.app.get(DatabaseRevocationPublisher).publishAll([
      { kind: 'session', target: 'dead', reason: 'test', expiresAt: past },
      { kind: 'session', target: 'live', reason: 'test' },
      { kind: 'session', target: 'dead too', reason: 'test', expiresAt: past },
    ]);
    await until(async () => (await feed.ask()).sequence === 3);
    await feed.replica.app.get(DataSource).query(`DELETE FROM revocations WHERE target LIKE 'dead%'`);
    const restarted = await feed.another();
    const stream = await feed.open({}, restarted);
    await until(() => stream.of('position').length > 0);
    expect(targetsIn(stream)).toEqual(['live']);
    expect(stream.of('position')[0]!.data).toBe('{"sequence":3}');
    await feed.revoke('next');
    await until(() => targetsIn(stream).includes('next'));
    expect(stream.of('reset')).toHaveLength(1);
  });

  it('the feed sends hundreds of revocations at once to a live follower in order', async () => {
    const stream = await feed.open();
    await until(() => stream.of('position').length >= 2);
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(
        Array.from({ length: 450 }, (_, count) => ({ kind: 'session', target: `s${count}`, reason: 'test' })),
      );
    await until(() => stream.of('set').length > 0);
    await until(() => stream.of('set').length === 450, 1000);
    const sequences = stream.of('set').map(({ data }) => decodeJwt<{ sequence: number }>(data).sequence);
    expect(sequences).toEqual(Array.from({ length: 450 }, (_, count) => count + 1));
  });

  it('the feed sends its position every second, even without revocations', async () => {
    const stream = await feed.open();
    await until(() => stream.of('position').length >= 3);
    expect(stream.of('position').map(({ data }) => data)).toEqual(Array(3).fill('{"sequence":0}'));
  });

  it('the feed answers a long poll with 503 if its replica loses the database in the meantime', async () => {
    const { proxy, url } = await proxyTo(feed.database.url);
    const cut = await feed.another({}, url);
    try {
      const { cursor } = await feed.ask('', cut);
      const waiting = fetch(`${cut.url}/auth/revocations?after=${cursor}&wait=7`, {
        headers: { authorization: `Bearer ${feed.token}` },
        signal: AbortSignal.timeout(15_000),
      });
      await until(() => cut.app.get(RevocationFeedController).followerCount === 1);
      proxy.stall();
      const answer = await waiting;
      expect([answer.status, await answer.json()]).toEqual([
        503,
        expect.objectContaining({ code: 'revocations-unknown' }),
      ]);
    } finally {
      await cut.app.close();
      await proxy.close();
    }
  }, 40_000);

  it('the feed returns a large snapshot to polling clients in pages, and newer revocations after it', async () => {
    const targets = Array.from({ length: 1234 }, (_, count) => `s${count}`);
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(targets.map((target) => ({ kind: 'session', target, reason: 'test' })));
    await until(async () => (await feed.ask()).sequence === 1234);
    const pages = [await feed.ask()];
    await feed.revoke('meanwhile');
    while (pages.at(-1)!.more_available) pages.push(await feed.ask(`?after=${pages.at(-1)!.cursor}`));
    expect(pages.map(({ reset }) => reset)).toEqual([true, false, false]);
    expect(pages.flatMap(({ sets }) => targetsOf(sets)).sort()).toEqual([...targets].sort());
    const next = await feed.ask(`?after=${pages.at(-1)!.cursor}&wait=5`);
    expect([next.reset, targetsOf(next.sets)]).toEqual([false, ['meanwhile']]);
  });

  it('the feed signs events of a revoked key again', async () => {
    await feed.revoke('s1');
    await until(async () => (await feed.ask()).sequence === 1);
    const before = (await feed.ask('?after=0.')).sets[0]!;
    const { kid } = JSON.parse(Buffer.from(before.split('.')[0]!, 'base64url').toString()) as { kid: string };
    await feed.replica.app.get(RevokeKey).kill(kid);
    feed.token = await feed.replica.serviceToken();
    await until(async () => (await feed.ask('?after=0.')).sequence === 2);
    const { sets } = await feed.ask('?after=0.');
    const jwks = (await (await fetch(`${feed.replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    for (const set of sets) await jwtVerify(set, createLocalJWKSet(jwks), { typ: 'secevent+jwt' });
    expect(targetsOf(sets)).toEqual(['s1', kid]);
  });

  it('the feed ends when the token of its follower expires', async () => {
    const short = await feed.replica.serviceToken({ lifetimeSeconds: 2 });
    const stream = await feed.open({}, feed.replica, short);
    await until(() => stream.of('position').length > 0);
    await until(() => stream.isEnded, 4000);
  });

  it('the metadata of the server names the feed', async () => {
    const metadata = await (await fetch(`${feed.replica.url}/.well-known/oauth-authorization-server`)).json();
    expect(metadata).toMatchObject({ revocations_uri: `${issuer}/auth/revocations` });
  });
});

describe('a replica whose feed has followers', () => {
  it('a revocation causes one read of the database at each replica, which serves its guard and its feed', async () => {
    const database = await createFeedDatabase();
    // NOTIFY causes the reads; no poll falls into the test.
    const options = { sessions: { pollSeconds: 10 } };
    const replicas = [
      await startReplica(database.url, issuer, options),
      await startReplica(database.url, issuer, options),
    ] as const;
    const streams = await Promise.all(
      replicas.map(async (replica) => FeedStream.open(replica.url, await replica.serviceToken())),
    );
    const reads: string[][] = replicas.map(({ app }) => {
      const statements: string[] = [];
      const logQuery = (sql: string) => void (/^\W*SELECT[^]* FROM revocations\b/.test(sql) && statements.push(sql));
      Object.assign(app.get(DataSource), { logger: { ...ignored, logQuery } });
      return statements;
    });
    try {
      await until(() => streams.every((stream) => stream.of('reset').length === 1));
      for (const statements of reads) statements.length = 0;
      for (let count = 1; count <= 5; count += 1) {
        const { token, sessionId } = await replicas[0].signIn();
        await replicas[0].app.get(SessionsService).revoke(sessionId, 'logout');
        await until(() => streams.every((stream) => stream.of('set').length === count));
        for (const { url } of replicas) {
          const { status } = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
          expect(status).toBe(401);
        }
      }
      expect(reads.map(({ length }) => length)).toEqual([5, 5]);
    } finally {
      for (const stream of streams) stream.leave();
      for (const { app } of replicas) await app.close();
      await database.drop();
    }
  });
});
