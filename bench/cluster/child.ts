import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinned } from '../measurement/machine.js';
import type { Place } from '../measurement/machine.js';

const SECONDS_TO_START = 60;
const preload = new URL('../measurement/answer-usage.mjs', import.meta.url).href;
const typescript = new URL('../register-typescript.mjs', import.meta.url).href;

/** The resources that a process has used since it started. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** A process that is measured. */
export interface Child {
  /** The URL that the process printed after `listens at`. */
  readonly url: string;
  /** Seconds from the creation of the process to that line. */
  readonly startSeconds: number;
  usage(): Promise<Usage>;
  /** Sends a message and waits for its answer. The caller sends only one message at a time. */
  ask<T>(message: unknown): Promise<T>;
  /** Suspends the process until `resume()` is called. A comparison runs only one of its processes at a time. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** How a process is started. */
export interface Launch {
  readonly place?: Place;
  readonly environment?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Its working folder. */
  readonly cwd?: string;
  /** Additional Node options. */
  readonly nodeOptions?: readonly string[];
}

/** Starts a program and waits until it prints `listens at <url>`. The program inherits only PATH and HOME. */
export async function startChild(program: URL, launch: Launch = {}): Promise<Child> {
  const { place = 'server', environment = {}, args = [], nodeOptions = [] } = launch;
  const [command, commandArgs] = pinned(place, process.execPath, [
    ...nodeOptions,
    '--import',
    preload,
    ...(program.pathname.endsWith('.ts') ? ['--import', typescript] : []),
    program.pathname,
    ...args,
  ]);
  const began = performance.now();
  const child = spawn(command, commandArgs, {
    cwd: launch.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const url = await listening(child);
  const startSeconds = (performance.now() - began) / 1000;
  const lost = once(child, 'exit').then(([code]) => {
    throw new Error(`A server of the bench stopped with exit code ${code} while it was measured.`);
  });
  lost.catch(() => undefined);
  const ask = async <T>(message: unknown): Promise<T> => {
    const answer = once(child, 'message') as Promise<[T]>;
    child.send(message as object);
    return (await Promise.race([answer, lost]))[0];
  };
  return {
    url,
    startSeconds,
    ask,
    usage: () => ask<Usage>('usage'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: () => stop(child),
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const failed = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`${why}\n${printed}`));
    };
    const timer = setTimeout(failed, SECONDS_TO_START * 1000, 'A server of the bench did not listen in time.');
    const read = (chunk: Buffer): void => {
      if (printed.length < 100_000) printed += chunk.toString();
      const url = /listens at (\S+)/.exec(printed)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', (code) => failed(`A server of the bench stopped with exit code ${code}.`));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}
