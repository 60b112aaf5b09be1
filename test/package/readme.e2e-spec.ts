import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const hasTools = ['bash', 'curl'].every((tool) => spawnSync(tool, ['--version']).status === 0);
if (!hasTools) process.stderr.write('test/package/readme.e2e-spec.ts is skipped: bash or curl is not installed.\n');
const describeWithTools = hasTools || process.env.CI === 'true' ? describe : describe.skip;

describeWithTools('the lines that the README gives a terminal (needs bash and curl)', () => {
  const folder = temporaryFolder();
  let database: TestDatabase;
  let server: BuiltServer;

  beforeAll(async () => {
    build();
    database = await createEmptyDatabase();
    server = await startBuiltServer({ DATABASE_URL: database.url }, folder.path);
  }, 300_000);

  afterAll(async () => {
    await server?.stop();
    await database?.drop();
    folder.remove();
  });

  it('the commands of the README register, log in, show the user, log out, and are then rejected', () => {
    const block = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
      .map((match) => match[1]!)
      .find((text) => /curl/.test(text));
    // Each answer is on its own line.
    const lines = block!.replaceAll('localhost:3000', new URL(server.url).host);
    const script = lines.replaceAll(/^curl ((?:.*\\\n)*.*)$/gm, (line) => `echo; ${line}`);
    const run = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      encoding: 'utf8',
      // If its standard input is a socket, bash reads the rc files of a remote shell.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(run.stderr).toBe('');
    const [registered, shown, loggedOut, refused] = run.stdout.trim().split(/\n+/);
    expect(JSON.parse(registered!)).toMatchObject({ email: 'ada@example.com' });
    expect(JSON.parse(shown!)).toMatchObject({ email: 'ada@example.com' });
    expect(loggedOut).toBe('204');
    expect(JSON.parse(refused!)).toMatchObject({ status: 401, code: 'invalid-token' });
  });
});
