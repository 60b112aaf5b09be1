import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { commandOf, endPostmaster, identityOf } from './process-table.js';

/** What a postmaster writes about itself into `postmaster.pid`. */
export interface PidFile {
  readonly pid: number;
  readonly isReady: boolean;
}

/** Reads the pid file; `undefined` when there is none or it is not yet complete. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'latin1').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, isReady: lines[7]?.trim() === 'ready' } : undefined;
}

/**
 * Deals with the postmaster of an owner that was killed: one that lives on is stopped, and the number of one that has died
 * does not keep the next one from starting, whoever has that number now.
 *
 * @returns whether an orphan was stopped
 */
export async function settleOrphan(cluster: string): Promise<boolean> {
  const left = await readPidFile(cluster);
  const isOrphan = left !== undefined && identityOf(left.pid) !== undefined && commandOf(left.pid).includes(cluster);
  if (isOrphan && !(await endPostmaster(left.pid))) {
    throw new EmbeddedPostgresError(
      `A PostgreSQL that was left behind (process ${left.pid}) holds ${cluster} and cannot be stopped: stop it by hand.`,
    );
  }
  await disown(cluster);
  return isOrphan;
}

/**
 * PostgreSQL believes the number in the file as long as any process has it, also a dead one that nobody has waited for,
 * as in a container without an init. The number of its own parent it takes for stale. The file is not removed, because its
 * other lines tell PostgreSQL whether old backends still use the shared memory.
 */
async function disown(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid');
  const text = await readFile(path, 'latin1').catch(() => undefined);
  if (text !== undefined) await writeFile(path, text.replace(/^\d+/, String(process.pid)), 'latin1');
}
