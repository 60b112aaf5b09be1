import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { RevocationHealth } from 'postern/auth';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import { TcpProxy, proxyTo, secret, startReplica } from '../revocations/cluster.js';
import type { Replica } from '../revocations/cluster.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.test';

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly retryAfter: string | null;
}

let database: TestDatabase;
let proxy: TcpProxy;
let replica: Replica;
let token: string;
let refreshToken: string;

beforeEach(async () => {
  database = await createTestDatabase();
  const through = await proxyTo(database.url);
  proxy = through.proxy;
  replica = await startReplica(through.url, issuer);
  ({ token, refreshToken } = await replica.signIn());
});

afterEach(async () => {
  await replica.app.close();
  await proxy.close();
  await database.drop();
});

async function ask(path: string, { body, ...init }: { body?: object; method?: string } = {}): Promise<Answer> {
  const response = await fetch(replica.url + path, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code, retryAfter: response.headers.get('retry-after') };
}

const me = () => ask('/users/me');
const logIn = () =>
  ask('/auth/login', { method: 'POST', body: { email: 'ada@example.test', password: 'nonsense 12345' } });
const unavailable = { status: 503, code: 'service-unavailable', retryAfter: '1' };

describe('a replica whose database connections are lost silently', () => {
  it('a replica replaces silently lost connections before it would reject tokens because of unknown revocations', async () => {
    // All connections of the pool.
    await Promise.all(Array.from({ length: 30 }, me));
    proxy.forget();
    const started = performance.now();
    const answers: Promise<Answer & { at: number }>[] = [];
    while (performance.now() - started < 13_000) {
      const at = performance.now() - started;
      answers.push(me().then((answer) => ({ ...answer, at })));
      await delay(100);
    }
    const all = await Promise.all(answers);
    const refused = all.filter(({ status }) => status !== 200);
    expect(refused.filter(({ at }) => at > 5000)).toEqual([]);
    expect(refused.filter(({ code }) => code !== 'service-unavailable')).toEqual([]);
    expect(all.length - refused.length).toBeGreaterThan(60);
  });
});

const needTheDatabase: [string, () => Promise<Answer>][] = [
  ['a route behind the guard', me],
  ['a log-in', logIn],
  ['a change in a transaction', () => ask('/users/me', { method: 'PATCH', body: {} })],
  ['a refresh', () => ask('/auth/refresh', { method: 'POST', body: { refresh_token: refreshToken } })],
];

describe('a replica without its database', () => {
  it.each(needTheDatabase)(
    'a replica answers %s with 503 and Retry-After if the database rejects connections',
    async (_, act) => {
      proxy.cut();
      expect(await act()).toEqual(unavailable);
      proxy.resume();
      await until(async () => (await me()).status === 200);
    },
  );

  it.each(needTheDatabase)(
    'a replica answers %s with 503 and Retry-After if the database does not answer',
    async (_, act) => {
      proxy.stall();
      expect(await act()).toEqual(unavailable);
      proxy.resume();
      await until(async () => (await me()).status === 200);
    },
  );
});

/** PgBouncer does the same while it cannot log in to PostgreSQL: it sends an error and closes the connection. */
async function poolerWithoutServer(): Promise<Server> {
  const fields = ['SFATAL', 'C08P01', 'Mserver login has been failing, try again later (server_login_retry)', ''];
  const body = Buffer.from(`${fields.join('\0')}\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(body.length + 4, 1);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([head, body])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('a replica behind a pooler whose PostgreSQL is away', () => {
  it.each(needTheDatabase)(
    'a replica behind a pooler without PostgreSQL answers %s with 503 and Retry-After',
    async (_, act) => {
      const pooler = await poolerWithoutServer();
      try {
        const { port } = pooler.address() as AddressInfo;
        proxy.leadTo({ host: '127.0.0.1', port });
        proxy.drop();
        // The existing connections notice the loss first.
        await until(async () => (await me()).status !== 200);
        await delay(200);
        expect(await act()).toEqual(unavailable);
      } finally {
        pooler.close();
      }
    },
  );
});

describe('a replica that is still connected to the former primary after a fail-over', () => {
  it('a replica connected to the former primary answers with 503, and writes again when its address leads to the new one', async () => {
    const own = new pg.Client(database.url);
    await own.connect();
    const [{ name }] = (await own.query('SELECT current_database() AS name')).rows as [{ name: string }];
    const reconnected = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`;
    const signIn = () =>
      ask('/auth/refresh', { method: 'POST', body: { refresh_token: refreshToken } }).then(({ status, code }) => ({
        status,
        code,
      }));
    try {
      await own.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
      await own.query(reconnected);
      await until(async () => (await me()).status === 200);
      expect(await signIn()).toEqual({ status: 503, code: 'service-unavailable' });
      await own.query(`ALTER DATABASE "${name}" RESET default_transaction_read_only`);
      // The connections that were opened in between stay open.
      await until(async () => (await signIn()).status === 200, 5000);
    } finally {
      await own.end();
    }
  });
});

describe('a replica that cannot read revocations', () => {
  it.each(['refuse', 'accept'] as const)(
    'a replica that cannot read revocations is ready until it rejects tokens: %s',
    async (whenSilent) => {
      const deaf = await startReplica(database.url, issuer, {
        auth: { revocations: { maximumSilenceSeconds: 1, whenSilent } },
      });
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      const statusOf = async (path: string) => {
        const response = await fetch(deaf.url + path, { headers: { authorization: `Bearer ${token}` } });
        await response.text();
        return response.status;
      };
      const statuses = () => Promise.all([statusOf('/health/ready'), statusOf('/users/me'), statusOf('/health/live')]);
      try {
        expect(await statuses()).toEqual([200, 200, 200]);
        await client.query('ALTER TABLE revocations RENAME TO elsewhere');
        await until(() => deaf.app.get(RevocationHealth).status === 'unknown');
        expect(await statuses()).toEqual(whenSilent === 'refuse' ? [503, 503, 200] : [200, 200, 200]);
        await client.query('ALTER TABLE elsewhere RENAME TO revocations');
        await until(async () => (await statusOf('/users/me')) === 200);
        expect(await statuses()).toEqual([200, 200, 200]);
      } finally {
        await client.end();
        await deaf.app.close();
      }
    },
  );
});

describe('a server that shuts down', () => {
  const folder = temporaryFolder();
  beforeAll(build, 300_000);
  afterAll(() => folder.remove());

  const postTo = (url: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.test', password: 'seven small boats at noon' }),
    });
  const logInAt = (url: string) => postTo(`${url}/auth/login`);

  it('a server waits five seconds for a request that another transaction blocks, and logs no lost connection', async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    const server = await startBuiltServer({ DATABASE_URL: database.url, POSTERN_SECRET: secret }, folder.path);
    try {
      await holder.query('BEGIN; LOCK TABLE users');
      const waiting = logInAt(server.url);
      await delay(500);
      const started = performance.now();
      expect(await server.stop('SIGTERM')).toBe(0);
      expect(performance.now() - started).toBeGreaterThan(4500);
      expect((await waiting).status).toBe(503);
      expect(server.printed()).not.toContain('was lost');
    } finally {
      await server.stop('SIGKILL');
      await holder.end();
    }
  });

  it('a server closes within seconds although its database is silent and a request waits for an answer', async () => {
    const through = await proxyTo(database.url);
    const server = await startBuiltServer({ DATABASE_URL: through.url, POSTERN_SECRET: secret }, folder.path);
    try {
      expect((await logInAt(server.url)).status).toBe(401);
      through.proxy.stall();
      const waiting = logInAt(server.url);
      await delay(200);
      const started = performance.now();
      expect(await server.stop('SIGTERM')).toBe(0);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect((await waiting).status).toBe(503);
    } finally {
      await server.stop('SIGKILL');
      await through.proxy.close();
    }
  });

  it.each(['fastify', 'express'])(
    'a server logs one line for a request that was aborted and reaches the closed database: on %s',
    async (adapter) => {
      const environment = {
        DATABASE_URL: database.url,
        POSTERN_SECRET: secret,
        POSTERN_HTTP_ADAPTER: adapter,
        // The hash ends long after the database is closed.
        POSTERN_ARGON2: 'm=65536,t=99,p=1',
      };
      const server = await startBuiltServer(environment, folder.path);
      try {
        const leaving = new AbortController();
        const gone = postTo(`${server.url}/auth/register`, { signal: leaving.signal }).catch(() => undefined);
        await delay(500);
        leaving.abort();
        await gone;
        expect(await server.stop('SIGTERM')).toBe(0);
        const [warning, ...rest] = server
          .printed()
          .split('\n')
          .filter((line) => /WARN|ERROR|^\s+at /.test(line));
        expect(warning).toMatch(/service-unavailable POST \/auth\/register .*: .* has closed its database/);
        expect(rest).toEqual([]);
      } finally {
        await server.stop('SIGKILL');
      }
    },
  );
});
