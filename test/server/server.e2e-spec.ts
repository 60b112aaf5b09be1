import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { CheckedPasswordSettings } from 'postern/password';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { AppModule } from '../../src/server/app.module.js';
import { readConfig } from '../../src/config/config.js';
import { build, runBuilt, runServer, spawnBuilt, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';

const credentials = { email: 'ada@example.com', password: 'the analytical engine' };
const strong = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function keyIdsOf({ url }: BuiltServer): Promise<string[]> {
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

beforeAll(build, 300_000);

describe('a new server without configuration', () => {
  const folder = temporaryFolder();
  let server: BuiltServer;

  beforeAll(async () => {
    server = await startBuiltServer({}, folder.path);
  }, 120_000);

  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  it('a new server prints the URLs of Swagger UI and the JWKS and the data folder, and that it is for development', () => {
    const printed = server.printed();
    expect(printed).toContain(`${server.url}/docs`);
    expect(printed).toContain(`${server.url}/.well-known/jwks.json`);
    expect(printed).toContain(join(folder.path, '.postern'));
    expect(printed).toContain('development set-up');
  });

  it('a new server warns that its issuer cannot be discovered if it listens on a random port', () => {
    expect(server.printed()).toMatch(/ {2}Issuer {6}http:\/\/localhost:0 [^\n]*POSTERN_ISSUER/);
  });

  it('a new server keeps its secret readable for its owner only, and never prints it', () => {
    const path = join(folder.path, '.postern/secret');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(server.printed()).not.toContain(readFileSync(path, 'utf8').trim());
  });

  it('a restarted server finds its data, and a stop exits with code 0', async () => {
    expect((await post(`${server.url}/auth/register`, credentials)).status).toBe(201);
    const keys = await keyIdsOf(server);
    expect(await server.stop('SIGINT')).toBe(0);
    server = await startBuiltServer({}, folder.path);
    expect(await keyIdsOf(server)).toEqual(keys);
    expect((await post(`${server.url}/auth/login`, credentials)).status).toBe(200);
  }, 120_000);

  it('a server recovers automatically after kill -9, and has lost no acknowledged write', async () => {
    expect((await post(`${server.url}/auth/register`, { ...credentials, email: 'late@example.com' })).status).toBe(201);
    await server.stop('SIGKILL');
    server = await startBuiltServer({}, folder.path);
    expect((await post(`${server.url}/auth/login`, { ...credentials, email: 'late@example.com' })).status).toBe(200);
  }, 120_000);

  it('a second start on the same data fails with one sentence', () => {
    const second = runServer({}, folder.path);
    expect(second.status).toBe(1);
    expect(second.printed).toMatch(/already|in use|another/i);
    expect(second.printed).not.toMatch(/\n\s+at /);
  }, 120_000);

  it('a start on a port in use fails with one sentence, and leaves no database behind', async () => {
    const elsewhere = temporaryFolder();
    const port = new URL(server.url).port;
    const second = runServer({ PORT: port }, elsewhere.path);
    expect(second.status).toBe(1);
    expect(second.printed).toMatch(new RegExp(`^PORT is ${port}, [^\\n]+$`, 'm'));
    const third = await startBuiltServer({}, elsewhere.path);
    await third.stop();
    elsewhere.remove();
  }, 120_000);
});

describe('a data folder or an address that cannot be used', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'file');

  beforeAll(() => writeFileSync(file, ''));
  afterAll(() => folder.remove());

  it.each<[string, string, Record<string, string>]>([
    ['below a file', join(file, 'data'), {}],
    ['instead of a file', file, {}],
    ['instead of a file, for the secret alone', file, { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x' }],
    // Nothing can be created there, and the system reports that the folder does not exist.
    ...(existsSync('/proc/self')
      ? [['in /proc', '/proc/postern/data', {}] as [string, string, Record<string, string>]]
      : []),
  ])(
    'the start fails and names POSTERN_DATA_DIR in one sentence if the data folder is %s',
    (_what, dataDir, environment) => {
      const { status, printed } = runServer({ ...environment, POSTERN_DATA_DIR: dataDir }, folder.path);
      expect([status, printed]).toEqual([1, expect.stringContaining(`POSTERN_DATA_DIR is ${dataDir}, `)]);
      expect(printed).toMatch(/^Postern did not start:\n[^\n]+\n$/);
    },
  );

  it.each([
    // No machine has this address (RFC 5737 §3).
    ['192.0.2.1', 'HOST is 192.0.2.1, '],
    ['postern.invalid', 'HOST is postern.invalid, '],
  ])('the start fails with one sentence if HOST=%s', (host, sentence) => {
    const { status, printed } = runServer({ HOST: host, LOG_LEVEL: 'error' }, folder.path);
    expect([status, printed]).toEqual([1, expect.stringContaining(sentence)]);
    expect(printed).toMatch(/^Postern did not start:\n[^\n]+\n$/);
  });
});

describe('replicas on one database', () => {
  const folder = temporaryFolder();
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });

  afterEach(() => database.drop());
  afterAll(() => folder.remove());

  it('six replicas that start at once on an empty database create one schema and one key, and become ready', async () => {
    const environment = { DATABASE_URL: database.url, POSTERN_SECRET: strong, POSTERN_DATABASE_POOL_SIZE: '6' };
    const servers = await Promise.all(Array.from({ length: 6 }, () => startBuiltServer(environment, folder.path)));
    try {
      const keys = await Promise.all(servers.map(keyIdsOf));
      expect(new Set(keys.map(String)).size).toBe(1);
      // The active key and its standby.
      expect(keys[0]).toHaveLength(2);
      const ready = await Promise.all(servers.map(({ url }) => fetch(`${url}/health/ready`)));
      expect(ready.map(({ status }) => status)).toEqual(Array(6).fill(200));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }, 240_000);

  it('a replica hashes as many passwords at once as configured', async () => {
    const config = readConfig({ POSTERN_HASHES_AT_ONCE: '1' });
    const parts = AppModule.forConfig(config, { databaseUrl: database.url, secret: strong });
    const app = await NestFactory.createApplicationContext(parts, { logger: false });
    try {
      expect(app.get(CheckedPasswordSettings, { strict: false }).hashing.concurrency).toBe(1);
    } finally {
      await app.close();
    }
  }, 120_000);

  it('a replica leaves the schema to the operator if configured, and lists the missing migrations', () => {
    const run = runServer({ DATABASE_URL: database.url, POSTERN_MIGRATE: 'false' }, folder.path);
    expect(run.status).toBe(1);
    expect(run.printed).toContain('Foundation1764000000000');
  }, 120_000);

  it('a replica exits if it cannot start: on a port in use, and with another secret', async () => {
    const environment = { DATABASE_URL: database.url, POSTERN_SECRET: strong };
    const server = await startBuiltServer(environment, folder.path);
    try {
      const { port } = new URL(server.url);
      const onTakenPort = runServer({ ...environment, PORT: port }, folder.path);
      expect([onTakenPort.status, onTakenPort.printed]).toEqual([1, expect.stringContaining(port)]);
      const withOtherSecret = runServer({ ...environment, POSTERN_SECRET: `another${strong}` }, folder.path);
      expect([withOtherSecret.status, withOtherSecret.printed]).toEqual([
        1,
        expect.stringContaining('encrypted under another secret'),
      ]);
      expect(withOtherSecret.printed).not.toMatch(/\n\s+at /);
      expect(withOtherSecret.printed).toContain('Set POSTERN_SECRET back to the former secret');
      expect(withOtherSecret.printed).toContain('add the former secret to POSTERN_PREVIOUS_SECRETS');
    } finally {
      await server.stop();
    }
  }, 180_000);

  it.each([
    ['no_such_database', (url: string) => url.replace(/postern_test_\w+/, 'no_such_database')],
    // A host name with several addresses: the message of Node is empty.
    ['ECONNREFUSED', () => 'postgres://u:hunter2@localhost:1/x'],
  ])(
    'a replica exits with one sentence that names DATABASE_URL if its database cannot be used: %s',
    (reason, changed) => {
      const environment = { DATABASE_URL: changed(database.url), POSTERN_SECRET: strong, LOG_LEVEL: 'fatal' };
      const { status, printed } = runServer(environment, folder.path);
      expect([status, printed]).toEqual([1, expect.stringContaining(reason)]);
      expect(printed).toMatch(
        /^Postern did not start: The database that DATABASE_URL names cannot be used: [^\n]+\.\n$/,
      );
      expect(printed).not.toContain('hunter2');
    },
    60_000,
  );

  it('the error about a duplicate secret names the variable instead of the setting of the lib', () => {
    const twice = { DATABASE_URL: database.url, POSTERN_SECRET: strong, POSTERN_PREVIOUS_SECRETS: strong };
    const { status, printed } = runServer(twice, folder.path);
    expect([status, printed]).toEqual([1, expect.stringContaining(': POSTERN_PREVIOUS_SECRETS names a secret twice')]);
  }, 60_000);

  it('a replica that waits for its database exits at once at a signal, with one line', async () => {
    // The database does not answer, and the start retries for 15 seconds.
    const closed = {
      DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x',
      POSTERN_SECRET: strong,
      LOG_LEVEL: 'warn',
      PORT: '0',
    };
    const starting = spawnBuilt('main', [], closed, folder.path);
    let printed = '';
    const isWaiting = new Promise<void>((resolve) => {
      const read = (chunk: Buffer): void => {
        printed += chunk.toString();
        if (printed.includes('Retrying (1)')) resolve();
      };
      starting.stdout.on('data', read);
      starting.stderr.on('data', read);
    });
    await isWaiting;
    const began = performance.now();
    starting.kill('SIGTERM');
    const [code] = (await once(starting, 'close')) as [number];
    expect([code, performance.now() - began < 3000]).toEqual([0, true]);
    expect(printed.match(/Postern (?:received|did)[^\n]*/g)).toEqual([
      'Postern received a stop signal before it had started.',
    ]);
  }, 60_000);

  it('a replica that listens at :: logs this address, and stores the addresses of IPv4 clients as IPv4', async () => {
    const environment = { DATABASE_URL: database.url, POSTERN_SECRET: strong, HOST: '::' };
    const server = await startBuiltServer(environment, folder.path);
    const url = `http://127.0.0.1:${new URL(server.url).port}`;
    const { email, password } = { ...credentials, email: 'mapped@example.com' };
    await post(`${url}/auth/register`, { email, password });
    const login = await post(`${url}/auth/login`, { email, password });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const sessions = await fetch(`${url}/auth/sessions`, { headers: { authorization: `Bearer ${token}` } });
    expect(await sessions.text()).toMatch(/"ipAddress":"127\.0\.0\.1"/);
    expect(server.printed()).toMatch(/every other address of this machine \(http:\/\/\[::\]:\d+\)/);
    await server.stop();
  }, 120_000);

  it('a replica completes running requests and exits although clients keep their connections', async () => {
    const server = await startBuiltServer({ DATABASE_URL: database.url, POSTERN_SECRET: strong }, folder.path);
    await post(`${server.url}/auth/register`, credentials);
    const logins = Array.from({ length: 4 }, () => post(`${server.url}/auth/login`, credentials));
    // A connection without a request, as browsers open in advance.
    const silent = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(silent, 'connect');
    await delay(30);
    const began = performance.now();
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }, 120_000);

  it('a replica accepts the tokens of the former algorithm, and those that other replicas still sign with its key', async () => {
    const environment = { DATABASE_URL: database.url, POSTERN_SECRET: strong, POSTERN_ISSUER: 'http://localhost:3000' };
    const before = await startBuiltServer(environment, folder.path);
    await post(`${before.url}/auth/register`, credentials);
    const old = (await (await post(`${before.url}/auth/login`, credentials)).json()) as { access_token: string };
    await before.stop();
    const after = await startBuiltServer({ ...environment, POSTERN_ALGORITHM: 'RS256' }, folder.path);
    try {
      const fresh = (await (await post(`${after.url}/auth/login`, credentials)).json()) as { access_token: string };
      for (const { access_token } of [old, fresh]) {
        const me = await fetch(`${after.url}/users/me`, { headers: { authorization: `Bearer ${access_token}` } });
        expect(me.status).toBe(200);
      }
    } finally {
      await after.stop();
    }
  }, 120_000);

  it('a replica with a database URL starts no embedded database', async () => {
    rmSync(join(folder.path, '.postern'), { recursive: true, force: true });
    const server = await startBuiltServer({ DATABASE_URL: database.url, POSTERN_SECRET: strong }, folder.path);
    expect(() => statSync(join(folder.path, '.postern'))).toThrow();
    await server.stop();
  }, 120_000);
});

describe('the algorithm of access tokens', () => {
  const folder = temporaryFolder();

  afterAll(() => folder.remove());

  it.each(['RS256', 'HS256'])(
    'access tokens use %s if configured, from the login to the guard',
    async (algorithm) => {
      const database = await createEmptyDatabase();
      const server = await startBuiltServer({ DATABASE_URL: database.url, POSTERN_ALGORITHM: algorithm }, folder.path);
      await post(`${server.url}/auth/register`, credentials);
      const { access_token: token } = (await (await post(`${server.url}/auth/login`, credentials)).json()) as {
        access_token: string;
      };
      const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { alg: string };
      expect(header.alg).toBe(algorithm);
      const me = await fetch(`${server.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
      expect(me.status).toBe(200);
      // The active key and its standby. A secret key is never published: with HS256 the JWKS is empty.
      expect(await keyIdsOf(server)).toHaveLength(algorithm === 'HS256' ? 0 : 2);
      await server.stop();
      await database.drop();
    },
    120_000,
  );
});

describe('production', () => {
  const folder = temporaryFolder();
  const complete = {
    NODE_ENV: 'production',
    POSTERN_ISSUER: 'https://id.acme.test',
    POSTERN_SECRET: strong,
    DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern',
  };

  afterAll(() => folder.remove());

  it.each(['POSTERN_ISSUER', 'POSTERN_SECRET', 'DATABASE_URL'] as const)(
    'a production server does not start without %s, and names the variable',
    (name) => {
      const { [name]: _left, ...rest } = complete;
      const run = runServer(rest, folder.path);
      expect(run.status).toBe(1);
      expect(run.printed).toContain(name);
      expect(run.printed).not.toContain(strong);
    },
  );

  describe.each([
    ['main', []],
    ['keys', ['list']],
    ['token', ['--scope', 'a', '--subject', 'b']],
  ] as const)('%s in an invalid production environment', (program, args) => {
    const refused = (environment: Record<string, string>, cwd: string) => {
      const { status, stdout, stderr } = runBuilt(program, args, { PORT: '0', ...environment }, cwd);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).not.toMatch(/\n\s+at |TypeError|hunter/);
      return stderr;
    };

    it('an invalid DATABASE_URL stops the program with one sentence and without a stack trace', () => {
      const told = refused(
        { ...complete, DATABASE_URL: 'postgres://postern:hunter2#aB@127.0.0.1:1/postern' },
        folder.path,
      );
      expect(told.split('\n')).toContainEqual(expect.stringMatching(/^DATABASE_URL cannot be read .*%23/));
    });

    it('a .env that is not a file stops the program with one sentence and without a stack trace', () => {
      const other = temporaryFolder();
      mkdirSync(join(other.path, '.env'));
      expect(refused(complete, other.path).split('\n')).toContainEqual(
        expect.stringMatching(/^\.env .*is not a readable file/),
      );
      other.remove();
    });
  });

  it('a production server does not start with a placeholder secret', () => {
    const run = runServer({ ...complete, POSTERN_SECRET: 'change-me-change-me-change-me-change-me' }, folder.path);
    expect(run.status).toBe(1);
    expect(run.printed).toContain('POSTERN_SECRET is a placeholder');
  });

  it('a production server with all settings starts, logs JSON, and serves no Swagger UI or OpenAPI document by default', async () => {
    const database = await createEmptyDatabase();
    const environment = { ...complete, DATABASE_URL: database.url };
    const server = await startBuiltServer(environment, folder.path);
    expect(server.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    for (const path of ['/docs', '/docs/', '/docs-json', '/docs-yaml']) {
      const answer = await fetch(`${server.url}${path}`);
      expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not-found' }]);
    }
    expect(server.printed()).not.toContain('development set-up');
    expect(await server.stop()).toBe(0);
    const lines = server.printed().trimEnd().split('\n');
    const told = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(told).toContainEqual(expect.stringMatching(/^Postern listens at http:\S+ .*https:\/\/id\.acme\.test/));
    expect(told).toContain('Swagger UI and the OpenAPI document are off. POSTERN_DOCS=true serves them at /docs.');
    const documented = await startBuiltServer({ ...environment, POSTERN_DOCS: 'true' }, folder.path);
    expect((await fetch(`${documented.url}/docs-json`)).status).toBe(200);
    await documented.stop();
    await database.drop();
  }, 120_000);
});
