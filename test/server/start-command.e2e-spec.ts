import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build, temporaryFolder } from '../support/built-server.js';

const root = join(import.meta.dirname, '../..');
const SECONDS_TO_START = 60;
const SECONDS_TO_END = 15;

/** Whether a process of this group or with this pid is still running. */
function isThere(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

describe('npm start', () => {
  const folder = temporaryFolder();
  beforeAll(() => build(), 300_000);
  afterAll(() => folder.remove());

  it.each([
    ['SIGTERM', 'to npm alone, as a supervisor does', (npm: number) => npm],
    ['SIGINT', 'to the whole group, as Ctrl-C does', (npm: number) => -npm],
    ['SIGHUP', 'to the whole group, as a terminal does that is closed', (npm: number) => -npm],
  ] as const)(
    'npm start exits at %s %s, and leaves neither server nor database behind',
    async (signal, _how, target) => {
      const npm = spawn('npm', ['start'], {
        cwd: root,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', POSTERN_DATA_DIR: folder.path },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A separate process group, so that its signals do not reach the tests.
        detached: true,
      });
      const group = -npm.pid!;
      try {
        let printed = '';
        for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk));
        await eventually(
          SECONDS_TO_START,
          () => printed.includes('listens at'),
          () => printed,
        );
        const [postgres] = readFileSync(join(folder.path, 'postgres/18/postmaster.pid'), 'utf8')
          .split('\n')
          .map(Number);
        expect([isThere(group), isThere(postgres!)]).toEqual([true, true]);
        process.kill(target(npm.pid!), signal);
        await eventually(
          SECONDS_TO_END,
          () => !isThere(group),
          () => `The server is still there.\n${printed}`,
        );
        await eventually(
          SECONDS_TO_END,
          () => !isThere(postgres!),
          () => `PostgreSQL is still there.\n${printed}`,
        );
      } finally {
        if (isThere(group)) process.kill(group, 'SIGTERM');
      }
    },
    120_000,
  );
});

async function eventually(seconds: number, holds: () => boolean, complaint: () => string): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !holds(); await delay(50)) {
    if (Date.now() > end) throw new Error(complaint());
  }
}
