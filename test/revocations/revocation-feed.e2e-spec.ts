import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { RevocationPublisher } from 'postern/auth';
import { SessionsService } from 'postern/sessions';
import { RevocationFeedController, DatabaseRevocationPublisher } from 'postern/revocations';
import type { RevocationPageDto } from 'postern/revocations';
import type { TestDatabase } from 'postern/testing';
import { RevokeKey } from 'postern/tokens';
import { DataSource } from 'typeorm';
import { audience, createFeedDatabase, proxyTo, startReplica, FeedStream } from './cluster.js';
import type { Replica } from './cluster.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.test';

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

interface ToldRevocation {
  readonly kind: string;
  readonly target: string;
}

interface SnapshotColumns {
  readonly kind: string;
  readonly targets: readonly string[];
}

describe.each(['fastify', 'express'] as const)('the feed of revocations on %s', (adapter) => {
  let database: TestDatabase;
  let replica: Replica;
  let twin: Replica;
  let token: string;
  const streams: FeedStream[] = [];

  beforeEach(async () => {
    database = await createFeedDatabase();
    replica = await startReplica(database.url, issuer, { adapter });
    twin = await startReplica(database.url, issuer, { adapter });
    token = await replica.serviceToken();
  });

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.leave();
    await replica.app.close();
    await twin.app.close();
    await database.drop();
  });

  async function open(headers?: Record<string, string>, at = replica, by = token): Promise<FeedStream> {
    const stream = await FeedStream.open(at.url, by, headers);
    streams.push(stream);
    return stream;
  }

  async function ask(query = '', at = replica): Promise<RevocationPageDto> {
    const response = await fetch(`${at.url}/auth/revocations${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as RevocationPageDto;
  }

  const revoke = (target: string, at = replica) =>
    at.app.get(RevocationPublisher).publish({ kind: 'session', target, reason: 'test' });

  const pipelined = (times: number, query: string, accept = 'application/json') =>
    `GET /auth/revocations${query} HTTP/1.1\r\nhost: id\r\nauthorization: Bearer ${token}\r\naccept: ${accept}\r\n\r\n`.repeat(
      times,
    );

  const targetsOf = (sets: readonly string[]): string[] =>
    sets.flatMap((set) => {
      const { events, revocation } = decodeJwt<{
        events: Record<string, { revocations: SnapshotColumns[] }>;
        revocation?: ToldRevocation;
      }>(set);
      if (revocation !== undefined) return [revocation.target];
      return events['urn:postern:secevent:event-type:snapshot']!.revocations.flatMap(({ targets }) => targets);
    });
  const targetsIn = (stream: FeedStream): string[] => targetsOf(stream.of('set').map(({ data }) => data));

  it('the feed sends all live revocations, then each new revocation of any replica', async () => {
    await revoke('early');
    await until(async () => targetsOf((await ask()).sets).includes('early'));
    const stream = await open();
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    await until(() => stream.of('position').length > 0);
    expect(stream.told.slice(0, 3).map(({ event }) => event)).toEqual(['reset', 'set', 'position']);
    const started = performance.now();
    await revoke('late', twin);
    await until(() => targetsIn(stream).includes('late'));
    expect(performance.now() - started).toBeLessThan(1000);
    expect(targetsIn(stream)).toEqual(['early', 'late']);
  });

  it('the feed sends tokens of their own type that an independent library verifies with the JWKS and reads by the standards', async () => {
    const stream = await open();
    const { user, sessionId } = await replica.signIn();
    await replica.app.get(SessionsService).revoke(sessionId, 'logout');
    await replica.app.get(DatabaseRevocationPublisher).publishAll([
      { kind: 'subject', target: user.id, before: 1_900_000_000, reason: 'password-changed' },
      { kind: 'subject', target: user.id, reason: 'account-disabled' },
      { kind: 'subject', target: user.id, reason: 'account-deleted' },
      { kind: 'subject', target: user.id, reason: 'logout-all' },
      { kind: 'client', target: 'app', reason: 'removed' },
      { kind: 'token', target: 'jti-1', reason: 'leaked' },
    ]);
    await until(() => stream.of('set').length === 7);
    const jwks = (await (await fetch(`${replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
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
    const [first, second] = [await open(), await open()];
    await revoke('s1');
    await until(() => first.of('set').length + second.of('set').length === 2);
    expect(first.of('set')[0]!.data).toBe(second.of('set')[0]!.data);
  });

  it('the feed signs a snapshot page once for all new followers, and again after its key was revoked', async () => {
    await replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(
        Array.from({ length: 600 }, (_, count) => ({ kind: 'session', target: `s${count}`, reason: 'test' })),
      );
    await until(async () => (await ask()).sequence === 600);
    const [first, second] = [await open(), await open()];
    await until(() => first.of('position').length > 0 && second.of('position').length > 0);
    const pages = first.of('set').map(({ data }) => data);
    expect(pages).toHaveLength(2);
    expect(second.of('set').map(({ data }) => data)).toEqual(pages);
    expect((await ask()).sets).toEqual(pages.slice(0, 1));

    const { kid } = JSON.parse(Buffer.from(pages[0]!.split('.')[0]!, 'base64url').toString()) as { kid: string };
    await replica.app.get(RevokeKey).kill(kid);
    token = await replica.serviceToken();
    const third = await open();
    await until(() => third.of('position').length > 0);
    const jwks = (await (await fetch(`${replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    for (const { data } of third.of('set')) await jwtVerify(data, createLocalJWKSet(jwks), { typ: 'secevent+jwt' });
    expect(new Set(targetsIn(third)).size).toBe(601);
  });

  it('the feed keeps each snapshot page short enough for its readers, however long the targets are', async () => {
    const targets = Array.from({ length: 600 }, (_, count) => `${count}`.padEnd(255, '\u0001'));
    await replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(targets.map((target) => ({ kind: 'session', target, reason: 'test' })));
    await until(async () => (await ask()).sequence === 600);
    const stream = await open();
    await until(() => stream.of('position').length > 0);
    expect(new Set(targetsIn(stream))).toEqual(new Set(targets));
    for (const { data } of stream.of('set')) expect(data.length).toBeLessThan(500_000);
  });

  it('the feed continues after Last-Event-ID at any replica, without loss and without duplicates', async () => {
    const first = await open();
    for (let count = 0; count < 30; count += 1) await revoke(`a${count}`);
    await until(() => first.of('set').length >= 17);
    const before = targetsIn(first).slice(0, 17);
    const lastId = first.of('set')[16]!.id!;
    first.leave();
    for (let count = 0; count < 30; count += 1) await revoke(`b${count}`, twin);
    const second = await open({ 'last-event-id': lastId }, twin);
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
    await revoke('s1');
    await until(async () => targetsOf((await ask()).sets).includes('s1'));
    const stream = await open({ 'last-event-id': cursor });
    await until(() => stream.of('position').length > 0);
    expect(stream.told[0]).toMatchObject({ event: 'reset', data: '{"reason":"unknown-cursor"}' });
    expect(targetsIn(stream)).toEqual(['s1']);
    expect((await ask(`?after=${cursor}`)).reset).toBe(true);
  });

  it('the feed sends a new snapshot to a follower that is too far behind', async () => {
    const stream = await open();
    await until(() => stream.of('position').length > 0);
    const { lastId } = stream;
    stream.leave();
    await replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(
        Array.from({ length: 2600 }, (_, count) => ({ kind: 'session', target: `s${count}`, reason: 'test' })),
      );
    await until(async () => (await ask()).sequence === 2600);
    const late = await open({ 'last-event-id': lastId });
    await until(() => late.of('position').length > 0);
    expect(late.of('reset')).toHaveLength(1);
    expect(late.of('set')).toHaveLength(6);
    expect(new Set(targetsIn(late)).size).toBe(2600);
  });

  it('the feed omits revocations without live tokens from a snapshot, and continues after it', async () => {
    const past = Math.floor(Date.now() / 1000) - 10;
    await replica.app.get(DatabaseRevocationPublisher).publishAll([
      { kind: 'session', target: 'dead', reason: 'test', expiresAt: past },
      { kind: 'session', target: 'live', reason: 'test' },
      { kind: 'session', target: 'dead too', reason: 'test', expiresAt: past },
    ]);
    await until(async () => (await ask()).sequence === 3);
    await replica.app.get(DataSource).query(`DELETE FROM revocations WHERE target LIKE 'dead%'`);
    const restarted = await startReplica(database.url, issuer, { adapter });
    try {
      const stream = await open({}, restarted);
      await until(() => stream.of('position').length > 0);
      expect(targetsIn(stream)).toEqual(['live']);
      expect(stream.of('position')[0]!.data).toBe('{"sequence":3}');
      await revoke('next');
      await until(() => targetsIn(stream).includes('next'));
      expect(stream.of('reset')).toHaveLength(1);
    } finally {
      for (const stream of streams.splice(0)) stream.leave();
      await restarted.app.close();
    }
  });

  it('the feed sends hundreds of revocations at once to a live follower in order', async () => {
    const stream = await open();
    await until(() => stream.of('position').length >= 2);
    await replica.app
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
    const stream = await open();
    await until(() => stream.of('position').length >= 3);
    expect(stream.of('position').map(({ data }) => data)).toEqual(Array(3).fill('{"sequence":0}'));
  });

  it('the feed answers a long poll as soon as there is a revocation, and otherwise empty with the cursor', async () => {
    const first = await ask();
    expect(first).toEqual({ reset: true, sets: [], cursor: '0.', sequence: 0, more_available: false });
    const started = performance.now();
    expect(await ask(`?after=${first.cursor}&wait=1`)).toEqual(Object.assign(first, { reset: false }));
    expect(performance.now() - started).toBeGreaterThan(950);
    const waiting = ask(`?after=${first.cursor}&wait=25`);
    await revoke('s1', twin);
    const answer = await waiting;
    expect([answer.reset, answer.sequence, targetsOf(answer.sets)]).toEqual([false, 1, ['s1']]);
    expect((await ask(`?after=${answer.cursor}`)).sets).toEqual([]);
  });

  it('the feed answers a long poll with 503 if its replica loses the database in the meantime', async () => {
    const { proxy, url } = await proxyTo(database.url);
    const cut = await startReplica(url, issuer, { adapter });
    try {
      const { cursor } = await ask('', cut);
      const waiting = fetch(`${cut.url}/auth/revocations?after=${cursor}&wait=7`, {
        headers: { authorization: `Bearer ${token}` },
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
    await replica.app
      .get(DatabaseRevocationPublisher)
      .publishAll(targets.map((target) => ({ kind: 'session', target, reason: 'test' })));
    await until(async () => (await ask()).sequence === 1234);
    const pages = [await ask()];
    await revoke('meanwhile');
    while (pages.at(-1)!.more_available) pages.push(await ask(`?after=${pages.at(-1)!.cursor}`));
    expect(pages.map(({ reset }) => reset)).toEqual([true, false, false]);
    expect(pages.flatMap(({ sets }) => targetsOf(sets)).sort()).toEqual([...targets].sort());
    const next = await ask(`?after=${pages.at(-1)!.cursor}&wait=5`);
    expect([next.reset, targetsOf(next.sets)]).toEqual([false, ['meanwhile']]);
  });

  it('the feed signs events of a revoked key again', async () => {
    await revoke('s1');
    await until(async () => (await ask()).sequence === 1);
    const before = (await ask('?after=0.')).sets[0]!;
    const { kid } = JSON.parse(Buffer.from(before.split('.')[0]!, 'base64url').toString()) as { kid: string };
    await replica.app.get(RevokeKey).kill(kid);
    token = await replica.serviceToken();
    await until(async () => (await ask('?after=0.')).sequence === 2);
    const { sets } = await ask('?after=0.');
    const jwks = (await (await fetch(`${replica.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    for (const set of sets) await jwtVerify(set, createLocalJWKSet(jwks), { typ: 'secevent+jwt' });
    expect(targetsOf(sets)).toEqual(['s1', kid]);
  });

  it('the feed rejects tokens without its scope, and its own events as tokens', async () => {
    const without = await replica.serviceToken({ scopes: ['orders:read'] });
    await revoke('s1');
    await until(async () => (await ask()).sequence === 1);
    const [set] = (await ask()).sets;
    const codes = [undefined, without, set].map(async (by) => {
      const headers = by === undefined ? undefined : { authorization: `Bearer ${by}` };
      const response = await fetch(`${replica.url}/auth/revocations`, { headers });
      return [response.status, ((await response.json()) as { code: string }).code];
    });
    expect(await Promise.all(codes)).toEqual([
      [401, 'invalid-token'],
      [403, 'insufficient-scope'],
      [401, 'invalid-token'],
    ]);
    expect(
      (await fetch(`${replica.url}/auth/revocations?wait=26`, { headers: { authorization: `Bearer ${token}` } }))
        .status,
    ).toBe(400);
  });

  it('the feed sends a follower the revocation of its own token as the last event, and ends', async () => {
    const mortal = await replica.serviceToken({ subject: 'mortal' });
    const stream = await open({}, replica, mortal);
    await until(() => stream.of('position').length > 0);
    await replica.app.get(DatabaseRevocationPublisher).publish({ kind: 'subject', target: 'mortal', reason: 'test' });
    await until(() => stream.isEnded, 3000);
    expect(targetsIn(stream)).toEqual(['mortal']);
  });

  it('the feed ends when the token of its follower expires', async () => {
    const short = await replica.serviceToken({ lifetimeSeconds: 2 });
    const stream = await open({}, replica, short);
    await until(() => stream.of('position').length > 0);
    await until(() => stream.isEnded, 4000);
  });

  it('the feed answers a long poll with the revocation of the follower’s token, before that token has expired', async () => {
    const asking = async (by: string) => {
      const headers = { authorization: `Bearer ${by}` };
      const { cursor } = (await (
        await fetch(`${replica.url}/auth/revocations`, { headers })
      ).json()) as RevocationPageDto;
      const next = fetch(`${replica.url}/auth/revocations?wait=20&after=${cursor}`, { headers });
      return async () => (await (await next).json()) as RevocationPageDto;
    };
    const started = performance.now();
    const ofShort = await asking(await replica.serviceToken({ lifetimeSeconds: 2 }));
    const mortal = await replica.serviceToken({ subject: 'mortal' });
    const ofMortal = await asking(mortal);
    expect((await ofShort()).sets).toEqual([]);
    expect(performance.now() - started).toBeLessThan(4000);
    await replica.app.get(DatabaseRevocationPublisher).publish({ kind: 'subject', target: 'mortal', reason: 'test' });
    expect(targetsOf((await ofMortal()).sets)).toEqual(['mortal']);
    const again = await fetch(`${replica.url}/auth/revocations`, { headers: { authorization: `Bearer ${mortal}` } });
    expect(again.status).toBe(401);
  }, 30_000);

  it('the feed disconnects a follower that does not read, and has buffered little for it', async () => {
    const many = 60_000;
    const sql = replica.app.get(DataSource);
    await sql.query(
      `INSERT INTO revocations (id, seq, kind, target, reason, expires_at)
       SELECT gen_random_uuid(), n, 'session', rpad(n::text, 250, 'x'), 'test', now() + interval '1 hour'
       FROM generate_series(1, ${many}) n`,
    );
    await sql.query(`UPDATE revocation_cursor SET seq = ${many}`);
    await until(async () => (await ask().catch(() => undefined))?.sequence === many, 60_000);
    const socket = connect(replica.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    socket.pause();
    socket.write(
      `GET /auth/revocations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    await until(() => replica.app.get(RevocationFeedController).followerCount === 1);
    await until(() => replica.app.get(RevocationFeedController).followerCount === 0, 20_000);
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(20 * 1024 * 1024);
  }, 90_000);

  it('the feed releases followers whose connection closes while they wait behind another one on it', async () => {
    const { followerCount: before } = replica.app.get(RevocationFeedController);
    const { cursor } = await ask();
    const socket = connect(replica.port, '127.0.0.1');
    socket.write(pipelined(1, `?wait=20&after=${cursor}`) + pipelined(1, '', 'text/event-stream'));
    await until(() => replica.app.get(RevocationFeedController).followerCount === before + 2);
    socket.destroy();
    await until(() => replica.app.get(RevocationFeedController).followerCount === before, 3000);
  });

  it('the feed rejects a token with 429 above its slots, serves other tokens, and frees the slot of a stream that ends', async () => {
    const small = await startReplica(database.url, issuer, { adapter, sessions: { followersPerToken: 2 } });
    try {
      const first = await open({}, small);
      await open({}, small);
      const beyond = await fetch(`${small.url}/auth/revocations`, { headers: { authorization: `Bearer ${token}` } });
      expect([beyond.status, beyond.headers.get('retry-after'), await beyond.json()]).toEqual([
        429,
        '5',
        expect.objectContaining({ code: 'too-many-followers', status: 429 }),
      ]);
      const other = await open({}, small, await small.serviceToken());
      expect(other.response.statusCode).toBe(200);
      first.leave();
      await until(() => small.app.get(RevocationFeedController).followerCount === 2, 1000);
      expect((await open({}, small)).response.statusCode).toBe(200);
    } finally {
      for (const stream of streams.splice(0)) stream.leave();
      await small.app.close();
    }
  });

  it('the feed gives one connection two slots, and answers further pipelined requests with 429 in order', async () => {
    const { cursor } = await ask();
    const socket = connect(replica.port, '127.0.0.1');
    let answers = '';
    socket.on('data', (chunk) => (answers += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(pipelined(3, `?wait=1&after=${cursor}`));
    await until(() => (answers.match(/HTTP\/1\.1 /g) ?? []).length === 3);
    expect(answers.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['200', '200', '429']);
    expect(answers).toContain('"code":"too-many-followers"');
    socket.destroy();
  });

  it('the feed serves another token while one connection pipelines more requests than there are slots', async () => {
    const { cursor } = await ask();
    const socket = connect(replica.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let isClosed = false;
    socket.on('close', () => (isClosed = true)).resume();
    socket.write(pipelined(1200, `?wait=25&after=${cursor}`));
    // The connection is closed unless it has received the expected answer.
    await until(() => isClosed || replica.app.get(RevocationFeedController).followerCount === 1000);
    const other = await open({}, replica, await replica.serviceToken());
    expect(other.response.statusCode).toBe(200);
    socket.destroy();
  });

  it.each([
    ['ends its side of the connection', 0, (socket: Socket) => socket.end()],
    ['ends its side of a connection with thousands of other requests', 3000, (socket: Socket) => socket.pause().end()],
  ])('the feed frees the slots at once when a follower %s', async (_, more, leave) => {
    const controller = replica.app.get(RevocationFeedController);
    const { cursor } = await ask();
    const socket = connect({ port: replica.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(
      pipelined(1, '', 'text/event-stream') +
        pipelined(1, `?wait=25&after=${cursor}`) +
        `GET /health/live HTTP/1.1\r\nhost: id\r\n\r\n`.repeat(more),
    );
    await until(() => controller.followerCount === 2);
    leave(socket);
    await until(() => controller.followerCount === 0, 1000);
    socket.destroy();
  });

  it('the feed answers HEAD and ends, whatever the Accept header', async () => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`${replica.url}/auth/revocations`, { method: 'HEAD', headers });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('the server closes in order while clients follow the feed', async () => {
    const stream = await open();
    const waiting = request(`${replica.url}/auth/revocations?after=0.&wait=25`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const answered = once(waiting.end(), 'response');
    await until(() => stream.of('position').length > 0);
    const started = performance.now();
    await replica.app.close();
    expect(performance.now() - started).toBeLessThan(2000);
    await until(() => stream.isEnded);
    const [answer] = (await answered) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect([200, 503]).toContain(answer.statusCode);
  });

  it('the metadata of the server names the feed', async () => {
    const metadata = await (await fetch(`${replica.url}/.well-known/oauth-authorization-server`)).json();
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
