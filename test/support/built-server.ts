import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const root = join(import.meta.dirname, '../..');
const SECONDS_TO_START = 60;

/** The built server in a separate process. */
export interface BuiltServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** The complete output so far. */
  printed(): string;
  /** Sends the signal, waits for the exit, and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Compiles the sources if `dist` is older. */
export function build(): void {
  const run = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
}

/** A new private folder and the function that removes it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'postern-server-'));
  // PostgreSQL runs as another user if root starts it, and that user needs access to this folder.
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The outcome of a program. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of `src` until it exits, like npm but without the build. */
export function runBuilt(
  program: 'main' | 'token' | 'keys' | 'users',
  args: readonly string[],
  environment: Record<string, string>,
  cwd: string,
  input = '',
): Outcome {
  return spawnSync(
    process.execPath,
    [join(root, `dist/src/${program === 'main' ? '' : 'cli/'}${program}.js`), ...args],
    {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      encoding: 'utf8',
      input,
      timeout: SECONDS_TO_START * 1000,
      // A server that hangs may ignore every other signal.
      killSignal: 'SIGKILL',
    },
  );
}

/** Starts a program of `src`, like npm but without the build. */
export function spawnBuilt(
  program: 'main' | 'keys',
  args: readonly string[],
  environment: Record<string, string>,
  cwd: string,
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [join(root, `dist/src/${program === 'main' ? '' : 'cli/'}${program}.js`), ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the server until it exits, for starts that fail. */
export function runServer(
  environment: Record<string, string>,
  cwd: string,
): { status: number | null; printed: string } {
  const { status, stdout, stderr } = runBuilt('main', [], { PORT: '0', ...environment }, cwd);
  return { status, printed: stdout + stderr };
}

/**
 * Starts the server and waits until it listens.
 *
 * @param environment the complete environment except for PATH and HOME; `PORT` is a free port by default
 * @param cwd the folder of its data if it has no database URL
 */
export async function startBuiltServer(environment: Record<string, string>, cwd: string): Promise<BuiltServer> {
  const server = spawnBuilt('main', [], { PORT: '0', ...environment }, cwd);
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const failed = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`${why}\n${printed}`));
    };
    const timer = setTimeout(failed, SECONDS_TO_START * 1000, 'The server did not listen in time.');
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const address = /listens at (http:\S+)/.exec(printed)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', (code) => failed(`The server stopped with exit code ${code}.`));
  });
  return {
    url,
    process: server,
    printed: () => printed,
    stop: async (signal = 'SIGTERM') => {
      if (server.exitCode !== null || server.signalCode !== null) return server.exitCode;
      const gone = once(server, 'exit');
      server.kill(signal);
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
}
