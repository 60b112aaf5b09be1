import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { commandOf, endPostmaster, identityOf } from './process-table.js';

/** The content of `postmaster.pid`. */
export interface PidFile {
  readonly pid: number;
  readonly isReady: boolean;
}

/** Reads the pid file; `undefined` if it is missing or incomplete. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'latin1').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, isReady: lines[7]?.trim() === 'ready' } : undefined;
}

/**
 * Stops the postmaster that a killed owner left running. If that postmaster is dead, its process id no longer blocks
 * the next start, even if another process has the same id now.
 *
 * @returns whether an orphan was stopped
 * @throws EmbeddedPostgresError when the orphan cannot be stopped
 */
export async function settleOrphan(cluster: string): Promise<boolean> {
  const left = await readPidFile(cluster);
  const isOrphan = left !== undefined && identityOf(left.pid) !== undefined && commandOf(left.pid).includes(cluster);
  if (isOrphan && !(await endPostmaster(left.pid))) {
    throw new EmbeddedPostgresError(
      `Failed to stop an orphaned PostgreSQL (process ${left.pid}) that uses ${cluster}: stop it manually.`,
    );
  }
  await disown(cluster);
  return isOrphan;
}

/**
 * Replaces the process id in the file by this process's id. PostgreSQL does not start while any process has the
 * recorded id, even a zombie, as in a container without an init; it treats the id of its own parent as stale. The
 * other lines stay, because PostgreSQL reads from them whether old backends still use the shared memory.
 */
async function disown(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid');
  const text = await readFile(path, 'latin1').catch(() => undefined);
  if (text !== undefined) await writeFile(path, text.replace(/^\d+/, String(process.pid)), 'latin1');
}
