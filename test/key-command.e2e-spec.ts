import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import pg from 'pg';
import { createEmptyDatabase } from 'postern/testing';
import { build, type Outcome, runBuilt, spawnBuilt, startBuiltServer, temporaryFolder } from './built-server.js';
import { until } from './until.js';

const secret = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';
const environment = { POSTERN_ISSUER: 'http://localhost:3000' };

describe('npm run keys', () => {
  const folder = temporaryFolder();
  beforeAll(() => build(), 300_000);
  afterAll(() => folder.remove());

  const run = (program: 'keys' | 'token', ...args: string[]): Outcome =>
    runBuilt(program, args, environment, folder.path);

  const timed = (env: Record<string, string>): Outcome & { seconds: number } => {
    const began = performance.now();
    const outcome = runBuilt('keys', ['list'], { ...environment, ...env }, folder.path);
    return { ...outcome, seconds: (performance.now() - began) / 1000 };
  };

  const keys = (...args: string[]): string[][] => {
    const { status, stdout, stderr } = run('keys', ...args);
    expect([status, stderr]).toEqual([0, '']);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
  };

  it('lists, rotates and kills beside a running server, which refuses within a second and tells its followers', async () => {
    const server = await startBuiltServer(environment, folder.path);
    try {
      const [[kid, algorithm, state] = []] = keys('list');
      expect([algorithm, state]).toEqual(['ES256', 'active']);
      const announced = keys('rotate').filter((key) => key[2] === 'announced');
      expect(announced).toHaveLength(1);

      const asked = ['--scope', 'revocations:read', '--subject', 'orders'];
      const stolen = run('token', ...asked).stdout.trim();
      expect(decodeProtectedHeader(stolen).kid).toBe(kid);
      const feed = (token: string): Promise<Response> =>
        fetch(`${server.url}/auth/revocations`, {
          headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        });
      expect((await feed(stolen)).status).toBe(200);

      expect(keys('kill', kid!)).toEqual(
        expect.arrayContaining([
          [kid, 'ES256', 'killed'],
          [announced[0]![0], 'ES256', 'active'],
        ]),
      );
      await delay(1000);
      expect((await feed(stolen)).status).toBe(401);
      const { keys: published } = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string }[];
      };
      expect(published.map((key) => key.kid)).toEqual([announced[0]![0]]);
      const told = await (await feed(run('token', ...asked).stdout.trim())).text();
      const events = [...told.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].map(([token]) => decodeJwt(token));
      expect(JSON.stringify(events)).toContain(kid);
    } finally {
      await server.stop();
    }
  }, 120_000);

  it.each([
    [[], 'Write one of'],
    [['kill'], 'Write one of'],
    [['list', 'all'], 'Write one of'],
    [['kill', 'no-such-key'], 'There is no signing key with this id.'],
  ])('says what is wrong with %j, and how it is used', (args, sentence) => {
    const { status, stdout, stderr } = run('keys', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('npm run --silent keys');
  });

  it('says at once, and without a stack, that it has the wrong database or the wrong secret', async () => {
    const database = await createEmptyDatabase();
    const right = { DATABASE_URL: database.url, POSTERN_SECRET: secret };
    const usual = timed(right);
    expect(usual.status).toBe(0);
    const wrong: [Record<string, string>, RegExp][] = [
      [{ DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern' }, /^[^\n]*DATABASE_URL[^\n]*ECONNREFUSED/],
      [{ DATABASE_URL: database.url.replace(/postern_test_\w+/, 'no_such_database') }, /^[^\n]*no_such_database/],
      [{ POSTERN_SECRET: `another${secret}` }, /^[^\n]*encrypted under another secret/],
    ];
    for (const [setting, sentence] of wrong) {
      const { status, stdout, stderr, seconds } = timed({ ...right, ...setting });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/\n\s+at /);
      // What it waited for, timers and retries, took ten seconds and more on top.
      expect(seconds).toBeLessThan(usual.seconds + 7);
    }
    await database.drop();
  }, 120_000);

  it('says for whom it waits where the database is to be migrated first, and another holds the lock for that', async () => {
    const database = await createEmptyDatabase();
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    const { rows } = await holder.query<{ pid: number }>(
      'SELECT pg_backend_pid() AS pid, pg_advisory_lock(31648367529489006)',
    );
    const child = spawnBuilt(
      'keys',
      ['list'],
      { ...environment, DATABASE_URL: database.url, POSTERN_SECRET: secret },
      folder.path,
    );
    const ended = once(child, 'exit');
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    try {
      await until(() => told.includes(`pid ${rows[0]!.pid}`), 20_000);
      expect(told).not.toMatch(/\n\s+at /);
      await holder.query('SELECT pg_advisory_unlock_all()');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill();
      await holder.end();
      await database.drop();
    }
  }, 60_000);

  it.each(['keys', 'token'] as const)('answers --help with the usage of %s', (program) => {
    const { status, stdout, stderr } = run(program, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`npm run --silent ${program} --`);
  });
});
