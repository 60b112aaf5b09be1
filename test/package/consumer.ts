import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const bin = (path: string): string => join(root, 'node_modules', path);
const secondsToStart = 60;

/** The registry of the packages; only these tests need its packages. */
export async function isRegistryReachable(): Promise<boolean> {
  const args = ['view', 'reflect-metadata', 'name', '--fetch-retries=0', '--fetch-timeout=8000', '--prefer-online'];
  return run('npm', args, { cwd: root, timeout: 15_000 }).then(
    () => true,
    () => false,
  );
}

/** Packs the files that `npm publish` would send, and returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

/** Installs the tarball and these packages in the locked versions of this project. */
export async function install(folder: string, tarball: string, packages: readonly string[]): Promise<void> {
  const dependencies = {
    postern: `file:${tarball}`,
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumers', private: true, dependencies }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(bin(`${name}/package.json`), 'utf8')) as { version: string };
  return version;
}

/** The application of `nest new` with the sources of `fixture`. */
export async function scaffold(folder: string, name: string, type: 'esm' | 'cjs', fixture: string): Promise<string> {
  const schematics = bin('@angular-devkit/schematics-cli/bin/schematics.js');
  const options = [`--name=${name}`, `--type=${type}`, '--language=ts', '--no-spec', '--no-interactive'];
  await run(process.execPath, [schematics, '@nestjs/schematics:application', ...options], { cwd: folder });
  const app = join(folder, name);
  cpSync(join(import.meta.dirname, fixture), join(app, 'src'), { recursive: true });
  return app;
}

/**
 * Compiles with the strict settings of the scaffold and with stricter ones.
 *
 * @param libraries whether the declarations of installed packages are checked as well
 * @returns the errors in the application and in Postern's declarations; errors of other packages are ignored
 */
export async function compile(app: string, { libraries }: { libraries: boolean }): Promise<string[]> {
  const options = [
    '--pretty',
    'false',
    '--types',
    'node',
    '--skipLibCheck',
    String(!libraries),
    '--exactOptionalPropertyTypes',
  ];
  const args = [bin('typescript/bin/tsc'), '-p', 'tsconfig.build.json', ...options];
  const { stdout } = await run(process.execPath, args, { cwd: app }).catch((failure: { stdout: string }) => failure);
  return stdout.split('\n').filter((line) => /^(src|(\.\.\/)*node_modules\/postern)\/.*error TS/.test(line));
}

/** A started application. */
export interface RunningApp {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the compiled application and waits until it answers. */
export async function start(app: string, environment: Readonly<Record<string, string>>): Promise<RunningApp> {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: app,
    env: { PATH: process.env.PATH, PORT: String(port), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const gone = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + secondsToStart * 1000;
  const answers = (): Promise<boolean> =>
    fetch(url).then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${app} did not start:\n${output}`);
    }
    await delay(100);
  }
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
