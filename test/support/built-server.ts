import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const root = join(import.meta.dirname, '../..');
const SECONDS_TO_START = 60;

/** The server as a person runs it: the compiled entry in a process of its own. */
export interface BuiltServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it has printed so far. */
  printed(): string;
  /** Sends the signal and waits for the end; answers the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Compiles the sources where `dist` is older than they are. */
export function build(): void {
  const run = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
}

/** A new private folder and the function that removes it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'postern-server-'));
  // Started by root, PostgreSQL runs as another user, who has to pass through here.
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The outcome of a program. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of `src` to its end, as npm runs it but for the build. */
export function runBuilt(
  program: 'main' | 'token' | 'keys',
  args: readonly string[],
  environment: Record<string, string>,
  cwd: string,
): Outcome {
  return spawnSync(
    process.execPath,
    [join(root, `dist/src/${program === 'main' ? '' : 'cli/'}${program}.js`), ...args],
    {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      encoding: 'utf8',
      timeout: SECONDS_TO_START * 1000,
      // A server that hangs may ignore every other signal.
      killSignal: 'SIGKILL',
    },
  );
}

/** Starts a program of `src`, as npm does but for the build. */
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
 * @param environment all that it gets of the environment, but for PATH and HOME; `PORT` is a free one unless given
 * @param cwd where it keeps its data when it has no database of its own
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
