import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import pg from 'pg';
import {
  Clock,
  FeedRevocationSource,
  RevocationHealth,
  RevocationPublisher,
  TrustedIssuers,
  VerificationKeys,
} from 'postern/auth';
import type { AuthSettings, Jwk } from 'postern/auth';
import { startEmbeddedPostgres } from 'postern/embedded-postgres';
import { SessionsService } from 'postern/sessions';
import { RevocationTable, DatabaseRevocationPublisher } from 'postern/revocations';
import { createTestDatabase, revocationSourceSpec } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { RevokeKey, KeyRing } from 'postern/tokens';
import { DataSource } from 'typeorm';
import { build, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import {
  audience,
  createFeedDatabase,
  TcpProxy,
  proxyTo,
  secret,
  startReplica,
  startResource,
  targetOf,
} from './cluster.js';
import type { Replica, Resource } from './cluster.js';
import { until } from '../support/until.js';

const quick = { maximumSilenceSeconds: 3 };

describe('services that follow the revocations of two replicas', () => {
  let database: TestDatabase;
  /** The proxy in front of the replicas: the address of the issuer. */
  let front: TcpProxy;
  let issuer: string;
  let a: Replica;
  let b: Replica;
  const resources: Resource[] = [];

  beforeEach(async () => {
    database = await createFeedDatabase();
    front = await TcpProxy.open();
    issuer = `http://127.0.0.1:${front.port}`;
    a = await startReplica(database.url, issuer);
    b = await startReplica(database.url, issuer);
    front.leadTo({ port: b.port, host: '127.0.0.1' });
  });

  afterEach(async () => {
    await Promise.all(resources.splice(0).map((resource) => resource.close()));
    await front.close();
    await a.app.close();
    await b.app.close();
    await database.drop();
  });

  async function follower(revocations: Partial<AuthSettings['revocations']> = {}): Promise<Resource> {
    const token = () => a.serviceToken();
    const resource = await startResource({ issuer, audience, revocations: { follow: true, token, ...revocations } });
    resources.push(resource);
    return resource;
  }

  const logOut = (sessionId: string, at = a) => at.app.get(SessionsService).revoke(sessionId, 'logout');

  describe.each(['sse', 'poll'] as const)('by %s', (transport) => {
    revocationSourceSpec(async () => {
      // Built from the parts of a service that does not follow automatically.
      const parts = await startResource({ issuer, audience });
      resources.push(parts);
      const source = new FeedRevocationSource(
        { issuer, audience, revocations: { follow: true, transport, token: () => a.serviceToken() } },
        parts.app.get(TrustedIssuers),
        parts.app.get(VerificationKeys),
        parts.app.get(RevocationHealth),
        parts.app.get(Clock),
      );
      return { source, publisher: a.app.get(RevocationPublisher), issuer };
    });
  });

  it.each(['sse', 'poll'] as const)(
    'a service learns by %s that the key of its own token was revoked while it was disconnected',
    async (transport) => {
      const token = await a.serviceToken();
      const service = await follower({ token, transport });
      const { token: stolen, user } = await a.signIn();
      expect(await service.status(stolen)).toBe(200);
      front.cut();
      const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string };
      await a.app.get(RevokeKey).kill(kid);
      front.resume();
      await until(async () => (await service.status(stolen)) === 401, 5000);
      expect(await service.status((await a.signIn(user)).token)).toBe(200);
    },
  );

  it('a service rejects a token within a second of its logout at either replica, by stream and by poll, with discovery', async () => {
    const services = [await follower(), await follower({ transport: 'poll' })];
    for (const replica of [a, b]) {
      const { token, sessionId } = await a.signIn();
      for (const service of services) expect(await service.status(token)).toBe(200);
      const started = performance.now();
      await logOut(sessionId, replica);
      for (const service of services) await until(async () => (await service.status(token)) === 401);
      expect(performance.now() - started).toBeLessThan(1000);
    }
    for (const service of services) {
      expect(service.health.report()).toMatchObject({ status: 'known', entries: 2, applied: 2, gaps: 0, rejected: 0 });
    }
  });

  it('a service rejects revoked sessions, subjects, clients, tokens and keys, and accepts all others', async () => {
    const service = await follower();
    const other = await a.signIn();
    const victims = [await a.signIn(), await a.signIn()] as const;
    const client = await a.serviceToken({ clientId: 'app' });
    const single = await a.serviceToken();
    const { jti } = JSON.parse(Buffer.from(single.split('.')[1]!, 'base64url').toString()) as { jti: string };
    const dying = [victims[0].token, victims[1].token, client, single];
    for (const token of [other.token, ...dying]) expect(await service.status(token)).toBe(200);
    await a.app.get(DatabaseRevocationPublisher).publishAll([
      { kind: 'session', target: victims[0].sessionId, reason: 'test' },
      { kind: 'subject', target: victims[1].user.id, before: Math.floor(Date.now() / 1000), reason: 'test' },
      { kind: 'client', target: 'app', reason: 'test' },
      { kind: 'token', target: jti, reason: 'test' },
    ]);
    for (const token of dying) await until(async () => (await service.status(token)) === 401, 1000);
    expect(await service.status(other.token)).toBe(200);

    const { kid } = JSON.parse(Buffer.from(other.token.split('.')[0]!, 'base64url').toString()) as { kid: string };
    await a.app.get(RevokeKey).kill(kid);
    await until(async () => (await service.status(other.token)) === 401, 1000);
    // The next key signs at once, and services know it at once although they have just fetched the keys.
    expect(await service.status((await a.signIn()).token)).toBe(200);
    await until(() => service.health.report().cursor?.startsWith('5.'));
  });

  it.each([
    ['without an end', { expiresAt: Number.POSITIVE_INFINITY }],
    ['that ended before 1970', { expiresAt: -1 }],
    ['for all future tokens', { before: Number.POSITIVE_INFINITY }],
    ['for tokens issued before 1970', { before: -1 }],
    ['without a target', { target: '' }],
    ['with a target that is too long', { target: '😀'.repeat(128) }],
  ])('a service receives all other revocations although the team publishes one %s', async (_, members) => {
    const { health, status } = await follower();
    const gone = await a.signIn();
    const publishing = a.app.get(RevocationPublisher).publish({ kind: 'client', target: 'c', reason: 'x', ...members });
    await publishing.catch(() => undefined);
    await logOut(gone.sessionId);
    await until(async () => (await status(gone.token)) === 401);
    expect(health.counters.rejected).toBe(0);
    await expect(publishing).rejects.toThrow(/^Revocation: "(target|before|expiresAt)" must be /);
  });

  it('a service that starts late knows the earlier revocations', async () => {
    const { token, sessionId } = await a.signIn();
    await logOut(sessionId);
    for (const transport of ['sse', 'poll'] as const) {
      const service = await follower({ transport });
      expect(await service.status(token)).toBe(401);
      expect(service.health.counters.snapshots).toBe(1);
    }
  });

  it('a service loses no revocation while its connection is cut repeatedly, and needs no second snapshot', async () => {
    const services = [await follower(), await follower({ transport: 'poll' })];
    const sessions = await Promise.all(Array.from({ length: 40 }, () => a.signIn()));
    for (const [count, { sessionId }] of sessions.entries()) {
      await logOut(sessionId, count % 2 ? a : b);
      if (count % 10 === 5) front.drop();
    }
    for (const service of services) {
      await until(() => service.health.report().cursor?.startsWith('40.'));
      for (const { token } of sessions) expect(await service.status(token)).toBe(401);
      expect(service.health.report()).toMatchObject({ snapshots: 1, gaps: 0, entries: 40 });
      expect(service.health.counters.reconnects).toBeGreaterThan(0);
    }
  });

  it('a service fails over to another replica', async () => {
    const service = await follower();
    const { token, sessionId } = await a.signIn();
    await b.app.close();
    front.leadTo({ port: a.port, host: '127.0.0.1' });
    await until(() => service.health.counters.reconnects > 0);
    await logOut(sessionId);
    await until(async () => (await service.status(token)) === 401, 2000);
    expect(service.health.counters.snapshots).toBe(1);
  });

  it('a service answers 503 when it is disconnected for longer than allowed, and serves again after reconnecting', async () => {
    const service = await follower(quick);
    const { token, sessionId } = await a.signIn();
    expect(await service.status(token)).toBe(200);
    front.stall();
    await logOut(sessionId);
    const { token: good } = await a.signIn();
    expect(await service.status(token)).toBe(200);
    await until(async () => (await service.status(token)) === 503);
    const refusal = await service.get(token);
    expect(refusal.headers.get('retry-after')).toBe('1');
    expect(await refusal.json()).toMatchObject({ code: 'revocations-unknown', status: 503 });
    // A token that is invalid anyway still gets a 401.
    expect(await service.status('nonsense')).toBe(401);
    expect(service.health.status).toBe('unknown');
    expect(service.health.counters.refusedWhileSilent).toBeGreaterThan(1);
    front.resume();
    await until(async () => (await service.status(good)) === 200);
    expect(await service.status(token)).toBe(401);
    expect(service.health.status).toBe('known');
  });

  it('a service continues with the last known revocations if it is configured so, and reports it in its health', async () => {
    const service = await follower({ ...quick, whenSilent: 'accept' });
    const dead = await a.signIn();
    await logOut(dead.sessionId);
    await until(async () => (await service.status(dead.token)) === 401);
    const { token, sessionId } = await a.signIn();
    front.cut();
    await logOut(sessionId);
    await until(() => service.health.status === 'unknown');
    expect([await service.status(token), await service.status(dead.token)]).toEqual([200, 401]);
    expect(service.health.report().silenceSeconds).toBeGreaterThan(3);
    front.resume();
    await until(async () => (await service.status(token)) === 401);
  });

  it('a service starts while the issuer is down, rejects tokens until it is available, and then accepts them', async () => {
    const { token } = await a.signIn();
    front.cut();
    const service = await follower({ uri: `${issuer}/auth/revocations` });
    // The keys are unknown as well.
    expect(await service.status(token)).not.toBe(200);
    expect(service.health.report()).toMatchObject({ status: 'unknown', lastContactAt: undefined, snapshots: 0 });
    front.resume();
    await until(async () => (await service.status(token)) === 200, 15_000);
  });

  it('a service receives nothing from a replica that lost its database, and the replica itself rejects after a while', async () => {
    const { proxy, url } = await proxyTo(database.url);
    const cut = await startReplica(url, issuer, { auth: { revocations: quick } });
    try {
      front.leadTo({ port: cut.port, host: '127.0.0.1' });
      front.drop();
      const service = await follower({ maximumSilenceSeconds: 8 });
      const { token, sessionId } = await a.signIn();
      // A request that passes the guard waits for the database.
      const askReplica = () =>
        fetch(`${cut.url}/users/me`, {
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(1000),
        }).then(
          ({ status }) => status,
          () => 'waits',
        );
      expect([await service.status(token), await askReplica()]).toEqual([200, 200]);
      proxy.stall();
      await logOut(sessionId);
      await until(async () => (await askReplica()) === 503);
      // The replica ends the stream and rejects the next one, so that a load balancer can choose another replica.
      await until(() => service.health.counters.reconnects > 0);
      front.leadTo({ port: a.port, host: '127.0.0.1' });
      front.drop();
      await until(async () => (await service.status(token)) === 401);
      // Requests that hung fail or get an answer.
      proxy.resume();
      await until(async () => (await askReplica()) === 401);
    } finally {
      await cut.app.close();
      await proxy.close();
    }
  });

  it('a service receives revocations within a second although every LISTEN connection was dropped', async () => {
    const service = await follower();
    const { token, sessionId } = await a.signIn();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    await client.end();
    expect(rowCount).toBeGreaterThanOrEqual(2);
    const started = performance.now();
    await logOut(sessionId);
    await until(async () => (await service.status(token)) === 401);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('a service receives revocations after the database has lost its last commits although no read of a replica failed', async () => {
    const service = await follower();
    for (const replica of [a, b, a]) await logOut((await replica.signIn()).sessionId);
    await until(() => service.health.report().cursor?.startsWith('3.'));
    const { token, sessionId } = await a.signIn();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('DELETE FROM revocations WHERE seq > 1; UPDATE revocation_cursor SET seq = 1');
    await client.end();
    await logOut(sessionId);
    await until(async () => (await service.status(token)) === 401);
    const ask = async () =>
      (await fetch(`${b.url}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    await until(async () => (await ask()) === 401);
  });

  it('a service receives revocations although the pool of the replica that it follows is busy', async () => {
    const service = await follower();
    const { token, sessionId } = await a.signIn();
    expect(await service.status(token)).toBe(200);
    const busy = Array.from({ length: 10 }, () => b.app.get(DataSource).createQueryRunner());
    await Promise.all(busy.map((runner) => runner.connect()));
    try {
      await logOut(sessionId);
      await until(async () => (await service.status(token)) === 401);
    } finally {
      await Promise.all(busy.map((runner) => runner.release()));
    }
  });

  it('a service takes a new snapshot after the database was restored from a backup, and still rejects known revocations', async () => {
    const { proxy, url } = await proxyTo(database.url);
    const replica = await startReplica(url, issuer);
    try {
      front.leadTo({ port: replica.port, host: '127.0.0.1' });
      front.drop();
      const service = await follower();
      const before = await a.signIn();
      await logOut(before.sessionId);
      await logOut((await a.signIn()).sessionId);
      await until(() => service.health.report().cursor?.startsWith('2.'));
      proxy.cut();
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query('DELETE FROM revocations; UPDATE revocation_cursor SET seq = 0');
      // The number of revocations is the same as before, so numbers alone do not show the difference.
      const after = [await a.signIn(), await a.signIn()];
      await client.query(
        `INSERT INTO revocations (id, seq, kind, target, reason, expires_at)
         SELECT gen_random_uuid(), place, 'session', target, 'logout', now() + interval '1 hour'
         FROM unnest($1::text[]) WITH ORDINALITY AS t (target, place)`,
        [after.map(({ sessionId }) => sessionId)],
      );
      await client.query('UPDATE revocation_cursor SET seq = 2');
      await client.end();
      // Long enough for a poll to fail, so that the replica notices the disconnection.
      await delay(1500);
      proxy.resume();
      for (const { token } of after) await until(async () => (await service.status(token)) === 401, 20_000);
      expect(await service.status(before.token)).toBe(401);
      const ask = async (token: string) =>
        (await fetch(`${replica.url}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status;
      // Its feed reads the database at once and its guard reads it with the next poll, which is within the promised
      // second.
      for (const { token } of after) await until(async () => (await ask(token)) === 401, 1000);
      expect(await ask(before.token)).toBe(401);
    } finally {
      await replica.app.close();
      await proxy.close();
    }
  });
});

describe('a replica whose database URL leads to a lagging standby', () => {
  it('a replica on a lagging standby is not in contact, and reconnects until it reaches the primary', async () => {
    const folder = temporaryFolder();
    const [dataDir, standbyDir] = [join(folder.path, 'primary'), join(folder.path, 'standby')];
    let primary = await startEmbeddedPostgres({ dataDir });
    const { url: databaseUrl } = await createTestDatabase(primary.databaseUrl);
    const [, query] = databaseUrl.split('?');
    await primary.stop();
    mkdirSync(standbyDir, { mode: 0o755 });
    // Runs as the owner of the files, which may be another user.
    execFileSync('cp', ['-a', join(dataDir, '18'), standbyDir]);
    execFileSync('cp', ['-a', join(standbyDir, '18', 'PG_VERSION'), join(standbyDir, '18', 'standby.signal')]);
    const standby = await startEmbeddedPostgres({ dataDir: standbyDir });
    primary = await startEmbeddedPostgres({ dataDir });
    const primaryUrl = databaseUrl.replace(query!, primary.databaseUrl.split('?')[1]!);
    const { proxy, url } = await proxyTo(primaryUrl);
    const issuer = 'https://id.example.test';
    const other = await startReplica(primaryUrl, issuer);
    const misled = await startReplica(url, issuer, { auth: { revocations: quick } });
    const ask = async (token: string) =>
      (await fetch(`${misled.url}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    try {
      const { token, sessionId } = await other.signIn();
      expect(await ask(token)).toBe(200);
      proxy.leadTo(targetOf(standby.databaseUrl));
      proxy.drop();
      await other.app.get(SessionsService).revoke(sessionId, 'logout');
      await until(async () => (await ask(token)) === 503);
      const table = misled.app.get(RevocationTable);
      const reads = [
        () => misled.app.get(KeyRing).refresh(),
        () => table.since({ sequence: 0, tag: '' }, 1),
        () => table.after(0, 1),
      ];
      for (const read of reads) await expect(read()).rejects.toMatchObject({ code: '25006' });
      // The connections to the standby stay open.
      proxy.leadTo(targetOf(primaryUrl));
      await until(async () => (await ask(token)) === 401);
      expect(misled.app.get(RevocationHealth).status).toBe('known');
      await until(() => misled.app.get(KeyRing).isFresh);
    } finally {
      await misled.app.close();
      await other.app.close();
      await proxy.close();
      await standby.stop();
      await primary.stop();
      folder.remove();
    }
  }, 60_000);
});

describe.each(['fastify', 'express'] as const)('a replica on %s that shuts down', (adapter) => {
  it('a replica rejects tokens revoked elsewhere while it completes its last requests', async () => {
    const database = await createTestDatabase();
    const issuer = 'https://id.example.test';
    const ending = await startReplica(database.url, issuer, { adapter });
    const other = await startReplica(database.url, issuer);
    try {
      const [dead, alive] = [await other.signIn(), await other.signIn()];
      const begun = [dead, alive].map(({ token }) => {
        const socket = connect(ending.port, '127.0.0.1');
        let answer = '';
        socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
        socket.write(
          'PATCH /users/me HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n' +
            `Authorization: Bearer ${token}\r\n\r\n{`,
        );
        return {
          finish: () => void socket.write('}'),
          status: async () => (await once(socket, 'close'), answer.slice(9, 12)),
        };
      });
      await delay(200);
      const ended = ending.app.close();
      await delay(200);
      await other.app.get(SessionsService).revoke(dead.sessionId, 'logout');
      await delay(1000);
      for (const { finish } of begun) finish();
      expect(await Promise.all(begun.map(({ status }) => status()))).toEqual(['401', '200']);
      await ended;
    } finally {
      await ending.app.close();
      await other.app.close();
      await database.drop();
    }
  });
});

describe('a service that follows a replica which crashes', () => {
  it('a service fails over when its replica crashes, and misses no revocation', async () => {
    build();
    const database = await createTestDatabase();
    const front = await TcpProxy.open();
    const issuer = `http://127.0.0.1:${front.port}`;
    const folder = temporaryFolder();
    const environment = {
      DATABASE_URL: database.url,
      POSTERN_ISSUER: issuer,
      POSTERN_AUDIENCE: audience,
      POSTERN_SECRET: secret,
    };
    const killed = await startBuiltServer(environment, folder.path);
    const other = await startReplica(database.url, issuer);
    front.leadTo({ port: Number(new URL(killed.url).port), host: '127.0.0.1' });
    const token = () => other.serviceToken();
    const service = await startResource({ issuer, audience, revocations: { follow: true, token } });
    try {
      const sessions = await Promise.all(Array.from({ length: 20 }, () => other.signIn()));
      expect(await service.status(sessions[0]!.token)).toBe(200);
      for (const [count, { sessionId }] of sessions.entries()) {
        if (count === 10) {
          killed.process.kill('SIGKILL');
          front.leadTo({ port: other.port, host: '127.0.0.1' });
        }
        await other.app.get(SessionsService).revoke(sessionId, 'logout');
      }
      for (const { token: dead } of sessions) await until(async () => (await service.status(dead)) === 401, 3000);
      expect(service.health.report()).toMatchObject({ gaps: 0, entries: 20 });
    } finally {
      await service.close();
      await killed.stop('SIGKILL');
      await other.app.close();
      await front.close();
      await database.drop();
      folder.remove();
    }
  }, 180_000);
});

describe('a service that follows a hostile or broken feed', () => {
  const issuer = 'https://id.example.test';
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  let jwk: Jwk;
  let feed: Server;
  let answer: RequestListener;
  let asked: { readonly url: string; readonly lastEventId: unknown }[];
  let service: Resource | undefined;

  beforeEach(async () => {
    jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    asked = [];
    feed = createServer((request, response) => {
      asked.push({ url: request.url!, lastEventId: request.headers['last-event-id'] });
      answer(request, response);
    });
    await once(feed.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(async () => {
    await service?.close();
    service = undefined;
    feed.closeAllConnections();
    feed.close();
  });

  const origin = () => `http://127.0.0.1:${(feed.address() as AddressInfo).port}`;

  async function start(revocations: AuthSettings['revocations'] = {}, of = issuer): Promise<Resource> {
    service = await startResource({
      issuer: of,
      audience,
      staticKeys: [{ jwk }],
      revocations: { follow: true, token: 'a token', uri: `${origin()}/feed`, ...quick, ...revocations },
    });
    return service;
  }

  const sign = (claims: JWTPayload, { typ = 'secevent+jwt', kid = 'k1', key = privateKey } = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, kid }).sign(key);

  const told = (sequence: number, more: JWTPayload = {}): JWTPayload => ({
    iss: issuer,
    aud: audience,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
    sequence,
    revocation: {
      kind: 'session',
      target: `s${sequence}`,
      reason: 'test',
      expires_at: Math.floor(Date.now() / 1000) + 600,
    },
    ...more,
  });

  const pageOf = (after: number, upTo: number, columns: object[] = []) =>
    told(0, {
      sequence: undefined,
      revocation: undefined,
      events: { 'urn:postern:secevent:event-type:snapshot': { after, up_to: upTo, revocations: columns } },
    });
  const columnsOf = (...targets: string[]) => ({
    kind: 'session',
    reason: 'test',
    targets,
    expires_at: targets.map(() => Math.floor(Date.now() / 1000) + 600),
  });

  const tokenOf = (sessionId: string) => {
    const now = Math.floor(Date.now() / 1000);
    return sign(
      { iss: issuer, aud: audience, sub: 'u1', iat: now, exp: now + 300, jti: randomUUID(), sid: sessionId },
      { typ: 'at+jwt' },
    );
  };

  const streamed =
    (...events: string[]): RequestListener =>
    (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) response.write(`${event}\n\n`);
    };
  const reset = 'event: reset\ndata: {}';
  const position = (sequence: number) => `id: ${sequence}.\nevent: position\ndata: {"sequence":${sequence}}`;
  const set = (text: string) => `event: set\ndata: ${text}`;

  it.each<[string, () => Promise<string>]>([
    ['signed by an unknown party', () => sign(told(1), { key: stranger })],
    ['signed by a key that the issuer does not have', () => sign(told(1), { kid: 'k2' })],
    ['of another issuer', () => sign(told(1, { iss: 'https://other.example.test' }))],
    ['for another audience', () => sign(told(1, { aud: 'invoices' }))],
    ['without an audience', () => sign({ ...told(1), aud: undefined })],
    ['that is an access token', () => tokenOf('s1')],
    ['of the type JWT', () => sign(told(1), { typ: 'JWT' })],
    ['without an algorithm', () => Promise.resolve(unsigned(told(1)))],
    ['with two events', () => sign(told(1, { events: { 'urn:a': {}, 'urn:b': {} } }))],
    ['without a sequence number', () => sign({ ...told(1), sequence: undefined })],
    ['that is not a token', () => Promise.resolve('nonsense')],
  ])('a service ignores an event %s, has no known state, and retries', async (_, forge) => {
    answer = streamed(reset, set(await forge()), position(1));
    const { health, status } = await start();
    await until(() => health.counters.rejected >= 2);
    expect(health.report()).toMatchObject({ entries: 0, applied: 0, snapshots: 0, status: 'unknown' });
    expect(await status(await tokenOf('s9'))).toBe(503);
    expect(asked.length).toBeGreaterThan(1);
  });

  it('a service does not accept an event of the feed as an access token', async () => {
    answer = streamed(reset, position(0));
    const { status } = await start();
    const now = Math.floor(Date.now() / 1000);
    const both = { ...told(1), sub: 'u1', exp: now + 300 };
    expect(await status(await sign(both))).toBe(401);
    expect(await status(await sign(both, { typ: 'at+jwt' }))).toBe(200);
  });

  it('a service skips unknown events and keeps its position', async () => {
    const unknown = await sign(told(1, { events: { 'urn:example:new': {} } }));
    const otherKind = await sign(told(2, { revocation: { kind: 'tenant', target: 't', expires_at: 9e9 } }));
    answer = streamed(reset, position(0), set(unknown), set(otherKind), set(await sign(told(3))), position(3));
    const { health, status } = await start();
    await until(() => health.report().cursor === '3.');
    expect(health.report()).toMatchObject({ received: 3, ignored: 2, applied: 1, gaps: 0, status: 'known' });
    expect([await status(await tokenOf('s3')), await status(await tokenOf('s1'))]).toEqual([401, 200]);
  });

  it('a service applies a repeated event once', async () => {
    answer = streamed(reset, position(0), set(await sign(told(1))), set(await sign(told(1))), position(1));
    const { health } = await start();
    await until(() => health.report().cursor === '1.');
    expect(health.report()).toMatchObject({ applied: 1, duplicates: 1, gaps: 0 });
  });

  it.each([
    ['an event', async () => set(await sign(told(3)))],
    ['a position', async () => position(3)],
  ])('a service requests a new snapshot when %s skips others', async (_, leap) => {
    const first = streamed(reset, position(0), set(await sign(told(1))), await leap());
    const second = streamed(
      reset,
      set(await sign(pageOf(0, 2, [columnsOf('s2')]))),
      set(await sign(told(3))),
      position(3),
    );
    answer = (request, response) => (asked.length === 1 ? first : second)(request, response);
    const { health, status } = await start();
    await until(() => health.report().cursor === '3.');
    expect(health.report()).toMatchObject({ gaps: 1, snapshots: 2 });
    expect(asked[1]!.lastEventId).toBeUndefined();
    for (const id of ['s1', 's2', 's3']) expect(await status(await tokenOf(id))).toBe(401);
  });

  it.each<[string, () => Promise<string[]>]>([
    ['its first page', async () => [await sign(pageOf(500, 1000, [columnsOf('s1')]))]],
    [
      'a middle page',
      async () => [await sign(pageOf(0, 500, [columnsOf('s1')])), await sign(pageOf(700, 1000, [columnsOf('s2')]))],
    ],
    ['its last page', async () => [await sign(pageOf(0, 500, [columnsOf('s1')]))]],
    ['an event after its pages', async () => [await sign(pageOf(0, 998)), await sign(told(1000))]],
  ])('a service does not accept a snapshot as complete without %s', async (_, pages) => {
    answer = streamed(reset, ...(await pages()).map(set), position(1000));
    const { health } = await start();
    await until(() => health.counters.gaps >= 2);
    expect(health.report()).toMatchObject({ snapshots: 0, status: 'unknown' });
  });

  it.each<[string, object]>([
    ['has no range of sequence numbers', { after: 7, up_to: 3, revocations: [] }],
    ['has columns of different lengths', { after: 0, up_to: 3, revocations: [{ ...columnsOf('a'), expires_at: [] }] }],
    ['lacks its columns', { after: 0, up_to: 3, revocations: [{ kind: 'session', targets: ['a'] }] }],
    ['has a target that is not a string', { after: 0, up_to: 3, revocations: [{ ...columnsOf('a'), targets: [7] }] }],
    ['has no groups', { after: 0, up_to: 3 }],
  ])('a service rejects a page that %s', async (_, event) => {
    const events = { 'urn:postern:secevent:event-type:snapshot': event };
    answer = streamed(reset, set(await sign({ ...pageOf(0, 3), events })), position(3));
    const { health } = await start();
    await until(() => health.counters.rejected >= 2);
    expect(health.report()).toMatchObject({ entries: 0, snapshots: 0, status: 'unknown' });
  });

  it('a service rejects known revocations while a new snapshot arrives', async () => {
    let rest: (() => void) | undefined;
    const first = streamed(reset, set(await sign(told(1))), position(1), position(7));
    const last = await sign(pageOf(0, 7, [columnsOf('s7')]));
    answer = (request, response) => {
      if (asked.length === 1) return first(request, response);
      streamed(reset)(request, response);
      rest = () => response.write(`${set(last)}\n\n${position(7)}\n\n`);
    };
    const { health, status } = await start();
    await until(() => rest !== undefined);
    expect(await status(await tokenOf('s1'))).toBe(401);
    rest!();
    await until(() => health.counters.snapshots === 2);
    expect([await status(await tokenOf('s1')), await status(await tokenOf('s7'))]).toEqual([401, 401]);
  });

  it('a service survives a line without an end', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      response.on('error', () => undefined);
      response.write('data: ');
      more();
    };
    const { health } = await start();
    await until(() => asked.length >= 3);
    expect(health.counters.snapshots).toBe(0);
  });

  it.each<[string, RequestListener]>([
    [
      'garbage',
      (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(Buffer.alloc(4096, 0xff)),
    ],
    ['HTML', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['an error', (_, response) => response.writeHead(500).end()],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a rejection', (_, response) => response.writeHead(401).end()],
    ['a malformed position', streamed(reset, 'event: position\ndata: {"sequence":-1}')],
    ['a cursor of unlimited length', streamed(reset, `id: ${'9'.repeat(99)}\nevent: position\ndata: {"sequence":1}`)],
  ])('a service survives %s, and retries with increasing delays', async (_, listener) => {
    answer = listener;
    const { health, status } = await start();
    await until(() => asked.length >= 3);
    expect(health.report()).toMatchObject({ status: 'unknown', snapshots: 0 });
    expect(asked.map(({ url }) => url)).not.toContain('/elsewhere');
    expect(await status(await tokenOf('s1'))).toBe(503);
    answer = streamed(reset, position(0));
    await until(async () => (await status(await tokenOf('s1'))) === 200);
  });

  it.each(['sse', 'poll'] as const)(
    'a service with a token provider that never answers stops at once (%s)',
    async (transport) => {
      answer = streamed(reset, position(0));
      if (transport === 'poll') {
        const page = { reset: true, sets: [], sequence: 0, cursor: '0.', more_available: false };
        answer = (_, response) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
      }
      const never = new Promise<string>(() => undefined);
      let calls = 0;
      const token = () => ((calls += 1) === 1 ? never : calls === 2 ? 'a token' : never);
      const { health, app } = await start({ token, transport });
      await until(() => health.status === 'known', 10_000);
      feed.closeAllConnections();
      await until(() => calls === 3, 10_000);
      const stopped = performance.now();
      await app.close();
      expect(performance.now() - stopped).toBeLessThan(1000);
      service = undefined;
    },
  );

  it('a service repeats the discovery when the feed is no longer at its address', async () => {
    let place = '/feed';
    answer = ({ url }, response) => {
      const metadata = { issuer: origin(), revocations_uri: origin() + place };
      if (url!.startsWith('/.well-known/'))
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
      if (url === place) return streamed(reset, position(0))({} as never, response);
      response.writeHead(404).end();
    };
    const { health } = await start({ uri: undefined }, origin());
    expect(health.status).toBe('known');
    place = '/moved';
    feed.closeAllConnections();
    await until(() => health.counters.snapshots === 2, 5000);
    expect(asked.map(({ url }) => url)).toContain('/moved');
  });

  it('a service leaves a feed that sends only keep-alives', async () => {
    answer = (request, response) => {
      streamed(reset, position(0))(request, response);
      const beat = asked.length === 1 ? ': alive' : position(0);
      const beating = setInterval(() => response.write(`${beat}\n\n`), 200);
      response.on('close', () => clearInterval(beating));
    };
    const { status } = await start();
    await until(() => asked.length === 2);
    await until(async () => (await status(await tokenOf('s9'))) === 200);
  });

  it('a service leaves a silent feed and opens another connection', async () => {
    answer = (request, response) => {
      streamed(reset, position(0))(request, response);
    };
    const { health } = await start();
    expect(health.status).toBe('known');
    await until(() => asked.length >= 2);
    expect(asked[1]!.lastEventId).toBe('0.');
  });

  it('a service does not start without a token, with a feed over http, or with two sources', async () => {
    const base: AuthSettings = { issuer, audience, staticKeys: [{ jwk }] };
    await expect(startResource({ ...base, revocations: { follow: true } })).rejects.toThrow(/needs "token"/);
    const insecure = { follow: true, token: 't', uri: 'http://feed.example.test/' };
    await expect(startResource({ ...base, revocations: insecure })).rejects.toThrow(/https/);
    const wrong = { maximumSilenceSeconds: 0 };
    await expect(startResource({ ...base, revocations: wrong })).rejects.toThrow(/maximumSilenceSeconds/);
  });
});

function unsigned(claims: JWTPayload): string {
  const parts = [{ alg: 'none', typ: 'secevent+jwt' }, claims];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}
