import { setTimeout as delay } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, runBuilt, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { BuiltServer, Outcome } from '../support/built-server.js';

const secret = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';
const password = 'seven small boats at noon';
const USAGE = 'npm run --silent users --';

describe('npm run users', () => {
  const folder = temporaryFolder();
  let database: TestDatabase;
  let server: BuiltServer;
  let environment: Record<string, string>;

  beforeAll(async () => {
    build();
    database = await createEmptyDatabase();
    environment = { POSTERN_ISSUER: 'http://localhost:3000', DATABASE_URL: database.url, POSTERN_SECRET: secret };
    server = await startBuiltServer(environment, folder.path);
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    await database?.drop();
    folder.remove();
  });

  const users = (args: string[], input?: string): Outcome => runBuilt('users', args, environment, folder.path, input);

  const done = (args: string[], input?: string): string => {
    const { status, stdout, stderr } = users(args, input);
    expect([status, stderr]).toEqual([0, '']);
    return stdout;
  };

  async function call(method: string, path: string, token?: string, body?: object) {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  }

  const login = async (email: string): Promise<string> => {
    const { body } = await call('POST', '/auth/login', undefined, { email, password });
    return body.access_token as string;
  };

  it('npm run users creates administrators, changes roles, and disables users beside a running server', async () => {
    expect(
      done(['create', 'Root@Example.com', '--role', 'administrator', '--password-file', '-'], `${password}\n`),
    ).toBe('root@example.com administrator enabled\n');
    const root = await login('root@example.com');
    expect((await call('GET', '/users', root)).status).toBe(200);

    writeFileSync(join(folder.path, 'password'), `${password}\r\n`);
    const ada: unknown = JSON.parse(
      done(['create', 'ada@example.com', '--password-file', join(folder.path, 'password'), '--json']),
    );
    expect(ada).toMatchObject({ email: 'ada@example.com', roles: [], disabledAt: null });
    expect((await call('GET', '/users', await login('ada@example.com'))).status).toBe(403);
    expect(done(['grant', 'ada@example.com', 'administrator'])).toBe('ada@example.com administrator enabled\n');
    const token = await login('ada@example.com');
    expect((await call('GET', '/users', token)).status).toBe(200);

    expect(done(['revoke', 'ada@example.com', 'administrator'])).toBe('ada@example.com - enabled\n');
    await delay(1000);
    expect((await call('GET', '/users', token)).status).toBe(403);
    expect((await call('GET', '/users/me', token)).status).toBe(200);

    expect(done(['disable', 'ada@example.com'])).toBe('ada@example.com - disabled\n');
    await delay(1000);
    expect((await call('GET', '/users/me', token)).status).toBe(401);
    expect(done(['list'])).toBe('root@example.com administrator enabled\nada@example.com - disabled\n');
    expect(JSON.parse(done(['list', '--role', 'administrator', '--json']))).toMatchObject([
      { email: 'root@example.com', roles: ['administrator'] },
    ]);
    expect(done(['enable', 'ada@example.com'])).toBe('ada@example.com - enabled\n');
    expect((await call('GET', '/users/me', await login('ada@example.com'))).status).toBe(200);

    for (const args of [
      ['disable', 'root@example.com'],
      ['revoke', 'root@example.com', 'administrator'],
    ]) {
      const { status, stdout, stderr } = users(args);
      expect([status, stdout]).toEqual([4, '']);
      expect(stderr).toContain('The last administrator cannot be removed, disabled, or deleted.');
    }
    expect((await call('GET', '/users', root)).status).toBe(200);
  }, 240_000);

  it.each<[string[], number, string]>([
    [[], 2, 'Write one of'],
    [['create'], 2, 'Write one of'],
    [['create', 'eve@example.com', '--password', 'x'], 2, "Unknown option '--password'"],
    [['create', 'eve@example.com'], 2, '--password-file'],
    [['create', 'eve@example.com', '--password-file', 'no-such-file'], 2, 'no-such-file'],
    [['create', 'eve', '--password-file', '-'], 4, 'not a valid e-mail address'],
    [['create', 'eve@example.com', '--role', 'no-such-role', '--password-file', '-'], 4, 'no such role'],
    [['grant', 'nemo@example.com', 'administrator'], 3, 'nemo@example.com'],
    [['list', 'all'], 2, 'Write one of'],
  ])('npm run users explains the error in %j by its exit code %i and shows its usage', (args, code, sentence) => {
    const { status, stdout, stderr } = users(args, `${password}\n`);
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(USAGE);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr).not.toContain(password);
  });

  it('npm run users rejects a weak password with each reason and creates no user', () => {
    const { status, stderr } = users(['create', 'eve@example.com', '--password-file', '-'], 'password\n');
    expect(status).toBe(4);
    expect(stderr).toContain('password: ');
    expect(done(['list'])).not.toContain('eve@example.com');
    expect(users(['--help'])).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Exit codes') });
  });

  it('npm run users lists each user of several pages once, as lines and as one JSON array', async () => {
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(
      `INSERT INTO users (id, email) SELECT gen_random_uuid(), n || '@page.test' FROM generate_series(1, 205) n`,
    );
    const { rows } = await client.query<{ count: number }>('SELECT count(*)::integer AS count FROM users');
    await client.end();
    const lines = done(['list']).trimEnd().split('\n');
    const listed = JSON.parse(done(['list', '--json'])) as { email: string }[];
    expect(new Set(lines).size).toBe(rows[0]!.count);
    expect(listed.map(({ email }) => email)).toEqual(lines.map((line) => line.split(' ')[0]));
    expect(done(['list', '--role', 'nobody', '--json'])).toBe('[]\n');
  });
});
