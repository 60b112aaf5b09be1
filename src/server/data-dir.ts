import { existsSync } from 'node:fs';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { ConfigurationError } from '../config/config.js';

/** Makes the folder of the data, and those above it, where they are not there; only their owner can write in them. */
export async function makeDataDir(dataDir: string): Promise<void> {
  // Node's own recursive `mkdir` asks for ever where the system denies that a folder is there, as in /proc.
  for (const folder of missingOf(dataDir)) {
    await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
      // Another start may have been faster.
      if (!existsSync(folder)) throw error;
    });
    // PostgreSQL's user has to pass through, also where root's umask is 077.
    if (process.getuid?.() === 0) await chmod(folder, 0o755);
  }
}

/**
 * Does what needs the folder of the data.
 *
 * @throws ConfigurationError with the variable that names the folder, where the system refuses to have it read or written
 */
export async function inDataDir<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { path, message } = error as NodeJS.ErrnoException;
    const places = [dataDir, await realpath(dataDir).catch(() => dataDir)];
    if (path === undefined || !places.some((place) => isOf(place, path))) throw error;
    throw new ConfigurationError([
      `POSTERN_DATA_DIR is ${dataDir}, which cannot be used (${message}): set it to a folder that the server may make, or write in.`,
    ]);
  }
}

/** Whether a path is the folder, one above it, or something in it. */
function isOf(folder: string, path: string): boolean {
  return `${folder}${sep}`.startsWith(`${path}${sep}`) || path.startsWith(`${folder}${sep}`);
}

function missingOf(path: string): string[] {
  return existsSync(path) || path === dirname(path) ? [] : [...missingOf(dirname(path)), path];
}
