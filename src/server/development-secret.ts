import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataDir } from './data-dir.js';

const SECRET_BYTES = 48;

/**
 * The instance secret that a development server keeps beside its data, made at the first start: readable by its owner alone,
 * and one and the same for servers that start at the same moment.
 *
 * @param dataDir folder that is made if it is not there
 */
export async function developmentSecret(dataDir: string): Promise<string> {
  await makeDataDir(dataDir);
  const path = join(dataDir, 'secret');
  return (await read(path)) ?? make(path);
}

async function make(path: string): Promise<string> {
  // Not by the number of the process: in containers that share the folder all of them may have the same.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, randomBytes(SECRET_BYTES).toString('base64'), { mode: 0o600 });
  try {
    // A link appears whole or not at all, and never replaces: the first of several starts wins.
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
