import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import pg from 'pg';
import { migrateDatabase } from 'postern/persistence';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, runBuilt, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { BuiltServer, Outcome } from '../support/built-server.js';

const secret = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';
const environment = { POSTERN_ISSUER: 'http://localhost:3000' };

/** The contents of all tables, except for what a running server updates each minute. */
async function contentOf(url: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'limit_states' ORDER BY 1",
  );
  const content: Record<string, unknown> = {};
  for (const { name } of rows) {
    content[name] = (await client.query(`SELECT to_jsonb(t) - 'issued_at' AS row FROM "${name}" t ORDER BY 1`)).rows;
  }
  await client.end();
  return content;
}

describe('npm run keys', () => {
  const folder = temporaryFolder();
  beforeAll(async () => {
    build();
    await (await startBuiltServer(environment, folder.path)).stop();
  }, 300_000);
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

  it('npm run keys lists, rotates and revokes beside a running server, which rejects tokens within a second and notifies its followers', async () => {
    const server = await startBuiltServer(environment, folder.path);
    try {
      const [standby, [kid, ...active] = []] = keys('list');
      expect([standby!.slice(1), active]).toEqual([
        ['ES256', 'announced'],
        ['ES256', 'active'],
      ]);
      const announced = keys('rotate').filter((key) => key[2] === 'announced');
      expect(announced.map(([name]) => name)).toEqual([standby![0]]);

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
      expect(published.map((key) => key.kid)).toEqual([announced[0]![0], expect.stringMatching(/^[\w-]{43}$/)]);
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
  ])('npm run keys explains the error in %j and shows its usage', (args, sentence) => {
    const { status, stdout, stderr } = run('keys', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('npm run --silent keys');
  });

  it('npm run keys reports a wrong database or a wrong secret at once and without a stack trace', async () => {
    const database = await createEmptyDatabase();
    const right = { DATABASE_URL: database.url, POSTERN_SECRET: secret };
    await (await startBuiltServer({ ...environment, ...right }, folder.path)).stop();
    const usual = timed(right);
    expect(usual.status).toBe(0);
    const wrong: [Record<string, string>, RegExp][] = [
      [{ DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern' }, /^[^\n]*DATABASE_URL[^\n]*ECONNREFUSED/],
      [{ DATABASE_URL: database.url.replace(/postern_test_\w+/, 'no_such_database') }, /^[^\n]*no_such_database/],
      [{ POSTERN_SECRET: `another${secret}` }, /^[^\n]*encrypted under another secret[^\n]*Set POSTERN_SECRET back/],
    ];
    for (const [setting, sentence] of wrong) {
      const { status, stdout, stderr, seconds } = timed({ ...right, ...setting });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/\n\s+at /);
      // Pending timers and retries used to add ten seconds or more.
      expect(seconds).toBeLessThan(usual.seconds + 7);
    }
    await database.drop();
  }, 120_000);

  describe('with another algorithm than the running server', () => {
    const credentials = { email: 'ada@example.com', password: 'the analytical engine' };
    let database: TestDatabase;
    let server: BuiltServer;
    let right: Record<string, string>;

    beforeAll(async () => {
      database = await createEmptyDatabase();
      right = { ...environment, DATABASE_URL: database.url, POSTERN_SECRET: secret };
      server = await startBuiltServer(right, folder.path);
    }, 120_000);
    afterAll(async () => {
      await server?.stop();
      await database?.drop();
    });

    const post = (path: string): Promise<Response> =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        body: JSON.stringify(credentials),
        headers: { 'content-type': 'application/json' },
      });

    it.each(['HS256', 'RS256'])(
      'npm run keys lists and creates a token by the key ring, and changes nothing: %s',
      async (alg) => {
        await post('/auth/register');
        const jwks = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
        const before = await contentOf(database.url);
        const listed = runBuilt('keys', ['list'], { ...right, POSTERN_ALGORITHM: alg }, folder.path);
        expect(listed).toMatchObject({
          status: 0,
          stderr: '',
          stdout: expect.stringMatching(/^\S+ ES256 announced\n\S+ ES256 active\n$/),
        });
        const asked = ['--scope', 'keys:read', '--subject', 'orders'];
        const token = runBuilt('token', asked, { ...right, POSTERN_ALGORITHM: alg }, folder.path);
        expect([token.status, token.stderr]).toEqual([0, '']);
        expect(await contentOf(database.url)).toEqual(before);
        expect(await (await fetch(`${server.url}/.well-known/jwks.json`)).text()).toBe(jwks);
        const { access_token: own } = (await (await post('/auth/login')).json()) as { access_token: string };
        for (const [path, bearer] of [
          ['/keys', token.stdout.trim()],
          ['/users/me', own],
        ] as const) {
          await jwtVerify(bearer, createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet));
          const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${bearer}` } });
          expect(answer.status).toBe(200);
        }
      },
    );

    it.each([['rotate'], ['kill', 'any']])('npm run keys does not %s, and says what to set', async (...args) => {
      const before = await contentOf(database.url);
      const refused = runBuilt('keys', args, { ...right, POSTERN_ALGORITHM: 'HS256' }, folder.path);
      expect([refused.status, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(/^[^\n]*ES256[^\n]*POSTERN_ALGORITHM[^\n]*HS256/);
      expect(await contentOf(database.url)).toEqual(before);
    });
  });

  it.each([
    ['keys', ['list']],
    ['keys', ['rotate']],
    ['token', ['--scope', 'keys:read', '--subject', 'orders']],
  ] as const)('npm run keys changes nothing in a database that no server has used: %s %j', async (program, args) => {
    const database = await createEmptyDatabase();
    const settings = { ...environment, DATABASE_URL: database.url, POSTERN_SECRET: secret };
    const { status, stdout, stderr } = runBuilt(program, args, settings, folder.path);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^[^\n]*Start the server[^\n]*\n/);
    expect(await contentOf(database.url)).toEqual({});

    await migrateDatabase(database.url);
    const before = await contentOf(database.url);
    const keyless = runBuilt(program, args, settings, folder.path);
    expect([keyless.status, keyless.stdout]).toEqual([1, '']);
    expect(keyless.stderr).toMatch(/^[^\n]*no signing keys yet[^\n]*\n/);
    expect(await contentOf(database.url)).toEqual(before);
    await database.drop();
  });

  it('npm run keys creates neither a database nor a secret', () => {
    const empty = temporaryFolder();
    const { status, stdout, stderr } = runBuilt('keys', ['list'], environment, empty.path);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^[^\n]*Start the server[^\n]*\n/);
    expect(readdirSync(empty.path)).toEqual([]);
    empty.remove();
  });

  it.each(['keys', 'token'] as const)('npm run keys answers --help with the usage of %s', (program) => {
    const { status, stdout, stderr } = run(program, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`npm run --silent ${program} --`);
  });
});
