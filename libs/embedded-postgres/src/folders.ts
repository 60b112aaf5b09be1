import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readlink, realpath, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { canReach } from './run-as.js';
import type { RunAs } from './run-as.js';

/** Where the data of root's servers lie when PostgreSQL's user cannot pass through to the folder that was asked for. */
const ELSEWHERE = '/var/lib/postern';
const SOCKET_NAME = '.s.PGSQL.5432';
/** `sun_path` has 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const longestSocketPath = process.platform === 'darwin' ? 103 : 107;

/** Makes the folder, or follows the link that stands in its place, and returns its true path. */
export async function openFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  const made = await makeFolder(path).catch(async (error: unknown) => {
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined || existsSync(path)) throw error;
    throw new EmbeddedPostgresError(
      `${path} leads to ${target}, which is gone with the data: bring it back, or remove the link to begin anew.`,
    );
  });
  if (made !== undefined && process.getuid?.() === 0) {
    // Root's umask may be 077, and then nobody else could pass through.
    for (let each = path; each.length >= made.length; each = dirname(each)) await chmod(each, 0o755);
  }
  return realpath(path);
}

/**
 * Makes the folder, and those above it, where they are not there, and answers the first that it has made. Node's own recursive
 * `mkdir` asks for ever where the system denies that a folder is there, as in /proc.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  const missing = missingOf(path);
  for (const each of missing) {
    await mkdir(each).catch((error: unknown) => {
      // Another process may have been faster.
      if (!existsSync(each)) throw error;
    });
  }
  return missing[0];
}

function missingOf(path: string): string[] {
  return existsSync(path) || path === dirname(path) ? [] : [...missingOf(dirname(path)), path];
}

/**
 * Sees to it that PostgreSQL's user can pass through to the folder. Below a closed home, such as root's, nothing can be
 * reached by anybody else: then a link is put in the place of the folder, which is still empty, and leads to one that can.
 */
export async function openReachableFolder(folder: string, runAs: RunAs): Promise<string> {
  const path = await openFolder(folder);
  if (canReach(path, runAs)) return path;
  if ((await readdir(path)).length > 0 || (await lstat(resolve(folder))).isSymbolicLink()) {
    throw new EmbeddedPostgresError(
      `PostgreSQL runs as ${runAs.name}, who cannot reach ${path}: open the folders above it, or move it.`,
    );
  }
  await mkdir(ELSEWHERE, { recursive: true, mode: 0o755 });
  const target = await mkdtemp(join(ELSEWHERE, `${basename(path)}-`));
  await chmod(target, 0o755);
  await rmdir(path);
  await symlink(target, path);
  return target;
}

/** Makes a folder that only PostgreSQL's user can open, in a place whose path is short enough for a socket. */
export async function makeSocketFolder(runAs: RunAs): Promise<string> {
  for (const parent of [tmpdir(), '/tmp', '/run', '/var/tmp']) {
    const longest = Buffer.byteLength(join(parent, 'postern-XXXXXX', SOCKET_NAME));
    if (longest > longestSocketPath || !(await isUsable(parent, runAs))) continue;
    const folder = await mkdtemp(join(parent, 'postern-'));
    await giveTo(folder, runAs);
    return folder;
  }
  throw new EmbeddedPostgresError('No temporary folder has a path that is short enough for a Unix socket: set TMPDIR.');
}

/** Removes a socket folder, and nothing that is not one: the path may come from a file that somebody has written. */
export async function removeSocketFolder(folder: string): Promise<void> {
  if (!/^postern-\w{6}$/.test(basename(folder))) return;
  await rm(join(folder, SOCKET_NAME), { force: true });
  await rm(join(folder, `${SOCKET_NAME}.lock`), { force: true });
  await rmdir(folder).catch(() => undefined);
}

/** Hands a folder that this process has just made to PostgreSQL's user. */
export async function giveTo(folder: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
}

async function isUsable(folder: string, runAs: RunAs): Promise<boolean> {
  try {
    return canReach(await realpath(folder), runAs);
  } catch {
    return false;
  }
}
