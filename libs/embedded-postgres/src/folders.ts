import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readlink, realpath, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { canReach } from './run-as.js';
import type { RunAs } from './run-as.js';

/** Data folder of servers that root starts, used if PostgreSQL's user cannot reach the configured folder. */
const ELSEWHERE = '/var/lib/postern';
const SOCKET_NAME = '.s.PGSQL.5432';
/** `sun_path` has 108 bytes on Linux and 104 on macOS, including the final zero. */
const MAX_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;

/** Creates the folder, or follows the link at its path. Returns the real path. */
export async function openFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  const created = await makeFolder(path).catch(async (error: unknown) => {
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined || existsSync(path)) throw error;
    throw new EmbeddedPostgresError(
      `${path} links to ${target}, which does not exist: restore it, or remove the link to start with an empty database.`,
    );
  });
  if (created !== undefined && process.getuid?.() === 0) {
    // With root's umask 077, no other user could reach the folder.
    for (let each = path; each.length >= created.length; each = dirname(each)) await chmod(each, 0o755);
  }
  return realpath(path);
}

/**
 * Creates the folder and its missing parents. Returns the first folder that it created. Node's recursive `mkdir` never
 * returns if the system denies that a parent exists, as in /proc.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  const missing = missingOf(path);
  for (const each of missing) {
    await mkdir(each).catch((error: unknown) => {
      // Another process may have created it first.
      if (!existsSync(each)) throw error;
    });
  }
  return missing[0];
}

function missingOf(path: string): string[] {
  return existsSync(path) || path === dirname(path) ? [] : [...missingOf(dirname(path)), path];
}

/**
 * Opens a folder that PostgreSQL's user can reach. Other users cannot reach a folder below a closed home, such as
 * root's. In this case, a link to a folder below `/var/lib/postern` replaces the folder, which must be empty.
 *
 * @throws EmbeddedPostgresError when the folder is not reachable and not empty
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

/** Creates a folder that only PostgreSQL's user can open, with a path that is short enough for a socket. */
export async function makeSocketFolder(runAs: RunAs): Promise<string> {
  for (const parent of [tmpdir(), '/tmp', '/run', '/var/tmp']) {
    const longest = Buffer.byteLength(join(parent, 'postern-XXXXXX', SOCKET_NAME));
    if (longest > MAX_SOCKET_PATH || !(await isUsable(parent, runAs))) continue;
    const folder = await mkdtemp(join(parent, 'postern-'));
    await giveTo(folder, runAs);
    return folder;
  }
  throw new EmbeddedPostgresError('No temporary folder has a path that is short enough for a Unix socket: set TMPDIR.');
}

/** Removes a socket folder. Ignores any other path, because the path may come from an edited file. */
export async function removeSocketFolder(folder: string): Promise<void> {
  if (!/^postern-\w{6}$/.test(basename(folder))) return;
  await rm(join(folder, SOCKET_NAME), { force: true });
  await rm(join(folder, `${SOCKET_NAME}.lock`), { force: true });
  await rmdir(folder).catch(() => undefined);
}

/** Changes the owner of a new folder to PostgreSQL's user. */
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
