import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataDir } from './data-dir.js';

const SECRET_BYTES = 48;

/**
 * Returns the instance secret of a development server, which the first start stores in the data folder. Only the owner
 * can read the file. Servers that start at the same time share one secret.
 *
 * @param dataDir the data folder, which is created if it is missing
 */
export async function developmentSecret(dataDir: string): Promise<string> {
  await makeDataDir(dataDir);
  const path = join(dataDir, 'secret');
  return (await read(path)) ?? make(path);
}

async function make(path: string): Promise<string> {
  // Not the process id, which may be equal in containers that share the folder.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, randomBytes(SECRET_BYTES).toString('base64'), { mode: 0o600 });
  try {
    // A link is atomic and never replaces a file, so the first of several starts wins.
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return (await read(path))!;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
