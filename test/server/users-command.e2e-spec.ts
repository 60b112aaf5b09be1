import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
const program = join(import.meta.dirname, '../../dist/src/cli/users.js');

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
        // A command blocks this process for longer than the server keeps an idle connection.
        connection: 'close',
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
    [['import'], 2, 'Write import <file>'],
    [['import', 'no-such-file'], 2, 'There is no file no-such-file'],
    [['list', '--dry-run'], 2, '--dry-run belongs to import'],
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

  const importFile = (lines: readonly string[], ...options: string[]): Outcome => {
    writeFileSync(join(folder.path, 'users.jsonl'), lines.join('\n'));
    return users(['import', 'users.jsonl', ...options]);
  };

  it('npm run users -- import reports each bad line by its number, imports the rest, and prints no hash', async () => {
    // "correct horse battery staple", made by PHP.
    const passwordHash = '$2y$10$JrHCE4Wi8DF01JsCNzNfvOdg5AHYwF3v0bvvU.vGtprzw5At0V4Ke';
    const lines = [
      JSON.stringify({ id: 1, email: 'Fay@Example.com', emailVerified: true, passwordHash }),
      `{"id": 2, "email": "cut@example.com", "passwordHash": "${passwordHash.slice(0, 30)}`,
      JSON.stringify({ id: 3, email: 'short@example.com', passwordHash: passwordHash.slice(0, -1) }),
      '',
      JSON.stringify({ id: 5, email: 'gus@example.com', roles: ['no-such-role'] }),
    ];
    const dry = importFile(lines, '--dry-run');
    const { status, stdout, stderr } = importFile(lines);
    expect([dry.status, dry.stderr]).toEqual([status, stderr]);
    expect(status).toBe(4);
    expect(stdout).toBe('1 imported (0 without a password), 0 existed, 1 left out, 3 rejected\n');
    expect(stderr.split('\n')).toEqual([
      'line 2: the entry is not valid JSON',
      'line 3: the password hash cannot be imported: the hash is not a complete bcrypt hash',
      'line 4: left out, the line is empty',
      'line 5: 1 of the roles do not exist: "no-such-role"',
      '',
    ]);
    const credentials = { email: 'fay@example.com', password: 'correct horse battery staple' };
    expect((await call('POST', '/auth/login', undefined, credentials)).status).toBe(200);

    const again = importFile(lines, '--ignore-roles', '--json');
    expect([again.status, again.stderr]).toEqual([4, '']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      lines: [{ line: 2 }, { line: 3 }, { line: 4, isSkipped: true }],
      summary: { imported: 1, existing: 1, skipped: 1, rejected: 2, withoutPassword: 1 },
    });
    expect(importFile([lines[0]!])).toMatchObject({ status: 0, stderr: '' });
    expect(importFile(['a,b'])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--format') });
  });

  it('an import that is killed loses no user and repeats none', async () => {
    const count = 20_000;
    const lines = Array.from({ length: count }, (_, id) =>
      JSON.stringify({ id: `k${id}`, email: `killed${id}@example.com` }),
    );
    writeFileSync(join(folder.path, 'many.jsonl'), lines.join('\n'));
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const imported = async (): Promise<number> => {
      const { rows } = await client.query<{ count: number }>(
        "SELECT count(*)::int FROM users WHERE email LIKE 'killed%'",
      );
      return rows[0]!.count;
    };
    try {
      const run = spawn(process.execPath, [program, 'import', 'many.jsonl'], {
        cwd: folder.path,
        env: { ...process.env, ...environment },
        stdio: 'ignore',
      });
      const exit = once(run, 'exit');
      while ((await imported()) === 0) await delay(10);
      run.kill('SIGKILL');
      await exit;
      // The server may still run the last statement of the killed process.
      await delay(500);
      const before = await imported();
      expect(before).toBeLessThan(count);
      const { status, stdout, stderr } = users(['import', 'many.jsonl']);
      expect([status, stdout]).toEqual([
        0,
        `${count - before} imported (${count - before} without a password), ${before} existed, 0 left out, 0 rejected\n`,
      ]);
      // A log gets a line at each tenth of the file, without control characters.
      expect(stderr).toMatch(/^\d+ % · \d+ users · 0 rejected · \d+ users\/s\n/);
      expect(stderr).not.toContain('\r');
      expect(await imported()).toBe(count);
    } finally {
      await client.end();
    }
  }, 120_000);
});
