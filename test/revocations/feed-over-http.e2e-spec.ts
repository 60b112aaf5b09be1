import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { RevocationFeedController, DatabaseRevocationPublisher } from 'postern/revocations';
import type { RevocationPageDto } from 'postern/revocations';
import { DataSource } from 'typeorm';
import { until } from '../support/until.js';
import { ServedFeed, targetsIn, targetsOf } from './served-feed.js';

const pipelined = (token: string, times: number, query: string, accept = 'application/json') =>
  `GET /auth/revocations${query} HTTP/1.1\r\nhost: id\r\nauthorization: Bearer ${token}\r\naccept: ${accept}\r\n\r\n`.repeat(
    times,
  );

describe.each(['fastify', 'express'] as const)('the feed of revocations on %s', (adapter) => {
  const feed = new ServedFeed(adapter);

  it('the feed sends all live revocations, then each new revocation of any replica', async () => {
    const twin = await feed.another();
    await feed.revoke('early');
    await until(async () => targetsOf((await feed.ask()).sets).includes('early'));
    const stream = await feed.open();
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    await until(() => stream.of('position').length > 0);
    expect(stream.told.slice(0, 3).map(({ event }) => event)).toEqual(['reset', 'set', 'position']);
    const started = performance.now();
    await feed.revoke('late', twin);
    await until(() => targetsIn(stream).includes('late'));
    expect(performance.now() - started).toBeLessThan(1000);
    expect(targetsIn(stream)).toEqual(['early', 'late']);
  });

  it('the feed answers a long poll as soon as there is a revocation, and otherwise empty with the cursor', async () => {
    const twin = await feed.another();
    const first = await feed.ask();
    expect(first).toEqual({ reset: true, sets: [], cursor: '0.', sequence: 0, more_available: false });
    const started = performance.now();
    expect(await feed.ask(`?after=${first.cursor}&wait=1`)).toEqual(Object.assign(first, { reset: false }));
    expect(performance.now() - started).toBeGreaterThan(950);
    const waiting = feed.ask(`?after=${first.cursor}&wait=25`);
    await feed.revoke('s1', twin);
    const answer = await waiting;
    expect([answer.reset, answer.sequence, targetsOf(answer.sets)]).toEqual([false, 1, ['s1']]);
    expect((await feed.ask(`?after=${answer.cursor}`)).sets).toEqual([]);
  });

  it('the feed rejects tokens without its scope, and its own events as tokens', async () => {
    const without = await feed.replica.serviceToken({ scopes: ['orders:read'] });
    await feed.revoke('s1');
    await until(async () => (await feed.ask()).sequence === 1);
    const [set] = (await feed.ask()).sets;
    const codes = [undefined, without, set].map(async (by) => {
      const headers = by === undefined ? undefined : { authorization: `Bearer ${by}` };
      const response = await fetch(`${feed.replica.url}/auth/revocations`, { headers });
      return [response.status, ((await response.json()) as { code: string }).code];
    });
    expect(await Promise.all(codes)).toEqual([
      [401, 'invalid-token'],
      [403, 'insufficient-scope'],
      [401, 'invalid-token'],
    ]);
    expect(
      (
        await fetch(`${feed.replica.url}/auth/revocations?wait=26`, {
          headers: { authorization: `Bearer ${feed.token}` },
        })
      ).status,
    ).toBe(400);
  });

  it('the feed sends a follower the revocation of its own token as the last event, and ends', async () => {
    const mortal = await feed.replica.serviceToken({ subject: 'mortal' });
    const stream = await feed.open({}, feed.replica, mortal);
    await until(() => stream.of('position').length > 0);
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publish({ kind: 'subject', target: 'mortal', reason: 'test' });
    await until(() => stream.isEnded, 3000);
    expect(targetsIn(stream)).toEqual(['mortal']);
  });

  it('the feed answers a long poll with the revocation of the follower’s token, before that token has expired', async () => {
    const asking = async (by: string) => {
      const headers = { authorization: `Bearer ${by}` };
      const { cursor } = (await (
        await fetch(`${feed.replica.url}/auth/revocations`, { headers })
      ).json()) as RevocationPageDto;
      const next = fetch(`${feed.replica.url}/auth/revocations?wait=20&after=${cursor}`, { headers });
      return async () => (await (await next).json()) as RevocationPageDto;
    };
    const started = performance.now();
    const ofShort = await asking(await feed.replica.serviceToken({ lifetimeSeconds: 2 }));
    const mortal = await feed.replica.serviceToken({ subject: 'mortal' });
    const ofMortal = await asking(mortal);
    expect((await ofShort()).sets).toEqual([]);
    expect(performance.now() - started).toBeLessThan(4000);
    await feed.replica.app
      .get(DatabaseRevocationPublisher)
      .publish({ kind: 'subject', target: 'mortal', reason: 'test' });
    expect(targetsOf((await ofMortal()).sets)).toEqual(['mortal']);
    const again = await fetch(`${feed.replica.url}/auth/revocations`, {
      headers: { authorization: `Bearer ${mortal}` },
    });
    expect(again.status).toBe(401);
  }, 30_000);

  it('the feed disconnects a follower that does not read, and has buffered little for it', async () => {
    const many = 60_000;
    const sql = feed.replica.app.get(DataSource);
    await sql.query(
      `INSERT INTO revocations (id, seq, kind, target, reason, expires_at)
       SELECT gen_random_uuid(), n, 'session', rpad(n::text, 250, 'x'), 'test', now() + interval '1 hour'
       FROM generate_series(1, ${many}) n`,
    );
    await sql.query(`UPDATE revocation_cursor SET seq = ${many}`);
    await until(async () => (await feed.ask().catch(() => undefined))?.sequence === many, 60_000);
    const socket = connect(feed.replica.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    socket.pause();
    socket.write(
      `GET /auth/revocations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${feed.token}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    await until(() => feed.replica.app.get(RevocationFeedController).followerCount === 1);
    await until(() => feed.replica.app.get(RevocationFeedController).followerCount === 0, 20_000);
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(20 * 1024 * 1024);
  }, 90_000);

  it('the feed releases followers whose connection closes while they wait behind another one on it', async () => {
    const { followerCount: before } = feed.replica.app.get(RevocationFeedController);
    const { cursor } = await feed.ask();
    const socket = connect(feed.replica.port, '127.0.0.1');
    socket.write(
      pipelined(feed.token, 1, `?wait=20&after=${cursor}`) + pipelined(feed.token, 1, '', 'text/event-stream'),
    );
    await until(() => feed.replica.app.get(RevocationFeedController).followerCount === before + 2);
    socket.destroy();
    await until(() => feed.replica.app.get(RevocationFeedController).followerCount === before, 3000);
  });

  it('the feed rejects a token with 429 above its slots, serves other tokens, and frees the slot of a stream that ends', async () => {
    const small = await feed.another({ sessions: { followersPerToken: 2 } });
    const first = await feed.open({}, small);
    await feed.open({}, small);
    const beyond = await fetch(`${small.url}/auth/revocations`, { headers: { authorization: `Bearer ${feed.token}` } });
    expect([beyond.status, beyond.headers.get('retry-after'), await beyond.json()]).toEqual([
      429,
      '5',
      expect.objectContaining({ code: 'too-many-followers', status: 429 }),
    ]);
    const other = await feed.open({}, small, await small.serviceToken());
    expect(other.response.statusCode).toBe(200);
    first.leave();
    await until(() => small.app.get(RevocationFeedController).followerCount === 2, 1000);
    expect((await feed.open({}, small)).response.statusCode).toBe(200);
  });

  it('the feed gives one connection two slots, and answers further pipelined requests with 429 in order', async () => {
    const { cursor } = await feed.ask();
    const socket = connect(feed.replica.port, '127.0.0.1');
    let answers = '';
    socket.on('data', (chunk) => (answers += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(pipelined(feed.token, 3, `?wait=1&after=${cursor}`));
    await until(() => (answers.match(/HTTP\/1\.1 /g) ?? []).length === 3);
    expect(answers.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['200', '200', '429']);
    expect(answers).toContain('"code":"too-many-followers"');
    socket.destroy();
  });

  it('the feed serves another token while one connection pipelines more requests than there are slots', async () => {
    const { cursor } = await feed.ask();
    const socket = connect(feed.replica.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let isClosed = false;
    socket.on('close', () => (isClosed = true)).resume();
    socket.write(pipelined(feed.token, 1200, `?wait=25&after=${cursor}`));
    // The connection is closed unless it has received the expected answer.
    await until(() => isClosed || feed.replica.app.get(RevocationFeedController).followerCount === 1000);
    const other = await feed.open({}, feed.replica, await feed.replica.serviceToken());
    expect(other.response.statusCode).toBe(200);
    socket.destroy();
  });

  it.each([
    ['ends its side of the connection', 0, (socket: Socket) => socket.end()],
    ['ends its side of a connection with thousands of other requests', 3000, (socket: Socket) => socket.pause().end()],
  ])('the feed frees the slots at once when a follower %s', async (_, more, leave) => {
    const controller = feed.replica.app.get(RevocationFeedController);
    const { cursor } = await feed.ask();
    const socket = connect({ port: feed.replica.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(
      pipelined(feed.token, 1, '', 'text/event-stream') +
        pipelined(feed.token, 1, `?wait=25&after=${cursor}`) +
        `GET /health/live HTTP/1.1\r\nhost: id\r\n\r\n`.repeat(more),
    );
    await until(() => controller.followerCount === 2);
    leave(socket);
    await until(() => controller.followerCount === 0, 1000);
    socket.destroy();
  });

  it('the feed answers HEAD and ends, whatever the Accept header', async () => {
    const headers = { authorization: `Bearer ${feed.token}`, accept: 'text/event-stream' };
    const response = await fetch(`${feed.replica.url}/auth/revocations`, { method: 'HEAD', headers });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('the server closes in order while clients follow the feed', async () => {
    const stream = await feed.open();
    const waiting = request(`${feed.replica.url}/auth/revocations?after=0.&wait=25`, {
      headers: { authorization: `Bearer ${feed.token}` },
    });
    const answered = once(waiting.end(), 'response');
    await until(() => stream.of('position').length > 0);
    const started = performance.now();
    await feed.replica.app.close();
    expect(performance.now() - started).toBeLessThan(2000);
    await until(() => stream.isEnded);
    const [answer] = (await answered) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect([200, 503]).toContain(answer.statusCode);
  });
});
