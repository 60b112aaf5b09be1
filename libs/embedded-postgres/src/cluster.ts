import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import type { Binaries } from './binaries.js';
import { giveTo } from './folders.js';
import type { RunAs } from './run-as.js';

/** The superuser of the embedded PostgreSQL. Every process that can open the socket may log in. */
export const SUPERUSER = 'postern';

/** Removes the leftovers of an interrupted `initdb` or copy. The caller must hold the {@link OwnerLock}. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.includes('.tmp-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Creates the data folder if it is missing. The rename at the end makes this atomic.
 *
 * @returns whether this call created it
 */
export async function ensureCluster(cluster: string, binaries: Binaries, runAs: RunAs): Promise<boolean> {
  if (existsSync(join(cluster, 'PG_VERSION'))) return false;
  const unfinished = await mkdtemp(`${cluster}.tmp-`);
  await giveTo(unfinished, runAs);
  await initdb(binaries.initdb, unfinished, runAs);
  await rename(unfinished, cluster);
  return true;
}

async function initdb(program: string, cluster: string, { uid, gid }: RunAs): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const child = spawn(program, [`--pgdata=${cluster}`, `--username=${SUPERUSER}`, '--auth=trust', ...locale], {
    uid,
    gid,
    cwd: cluster,
    // The caller's PGDATA or LC_MESSAGES must not apply.
    env: { HOME: cluster, LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  if (code !== 0) {
    // The output may contain hundreds of lines of SQL.
    const lines = complaints.trim().split('\n');
    const reasons = lines.filter((line) => /\b(?:FATAL|PANIC|ERROR|error):/.test(line)).slice(0, 3);
    throw new EmbeddedPostgresError(
      `initdb failed to create the data folder (${code}): ${(reasons.length > 0 ? reasons : lines.slice(0, 3)).join('; ')}`,
    );
  }
}
