import { existsSync } from 'node:fs';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { ConfigurationError } from '../config/config.js';

/** Creates the data folder and its missing parents. Only the owner can write to them. */
export async function makeDataDir(dataDir: string): Promise<void> {
  // Node's recursive `mkdir` never returns if the system denies the existence of a folder, as in /proc.
  for (const folder of missingOf(dataDir)) {
    await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
      // Another start may have created the folder.
      if (!existsSync(folder)) throw error;
    });
    // The user of PostgreSQL needs access, also if the umask of root is 077.
    if (process.getuid?.() === 0) await chmod(folder, 0o755);
  }
}

/**
 * Runs work that uses the data folder.
 *
 * @throws ConfigurationError that names POSTERN_DATA_DIR, if the folder is not readable or writable
 */
export async function inDataDir<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { path, message } = error as NodeJS.ErrnoException;
    const places = [dataDir, await realpath(dataDir).catch(() => dataDir)];
    if (path === undefined || !places.some((place) => isOf(place, path))) throw error;
    throw new ConfigurationError([
      `POSTERN_DATA_DIR is ${dataDir}, which cannot be used (${message}). Set it to a folder that the server can create or write to.`,
    ]);
  }
}

/** Returns whether the path is the folder, a parent, or inside the folder. */
function isOf(folder: string, path: string): boolean {
  return `${folder}${sep}`.startsWith(`${path}${sep}`) || path.startsWith(`${folder}${sep}`);
}

function missingOf(path: string): string[] {
  return existsSync(path) || path === dirname(path) ? [] : [...missingOf(dirname(path)), path];
}
