import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { identityOf } from './process-table.js';

interface Owner {
  readonly pid?: number;
  readonly identity?: string;
  readonly socketFolder?: string;
}

/** An attempt fails only if another process has claimed the folder in the meantime. */
const MAX_ATTEMPTS = 1000;

/**
 * The claim of one process on a data folder. The claim is valid while that process runs; another process takes it over
 * after a `kill -9` or a reboot.
 *
 * Claims are numbered and the highest number is valid. A release does not lower the number, so that two processes that
 * find the same dead owner cannot both take over.
 */
export class OwnerLock {
  private constructor(
    private readonly path: string,
    /** The socket folder that a previous owner did not remove. */
    readonly leftSocketFolder: string | undefined,
  ) {}

  /**
   * Claims the folder for this process.
   *
   * @throws EmbeddedPostgresError when another running process owns it
   */
  static async take(folder: string): Promise<OwnerLock> {
    const mine = join(folder, `owner.${randomUUID()}`);
    await writeFile(mine, claim({}));
    try {
      for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
        const last = Math.max(0, ...(await claimsIn(folder)));
        const owner = await ownerOf(pathOf(folder, last));
        if (isRunning(owner)) {
          throw new EmbeddedPostgresError(
            `The data in ${folder} are in use by the process ${owner.pid}: stop it, configure another folder, or set DATABASE_URL.`,
          );
        }
        const path = pathOf(folder, last + 1);
        if (!(await linked(mine, path))) continue;
        const lower = (await claimsIn(folder)).filter((number) => number !== last + 1);
        if (Math.max(0, ...lower) > last) {
          await rm(path, { force: true });
          continue;
        }
        await Promise.all(lower.map((number) => rm(pathOf(folder, number), { force: true })));
        return new OwnerLock(path, owner.socketFolder);
      }
      throw new EmbeddedPostgresError(`Too many processes start with the data in ${folder} at the same time: retry.`);
    } finally {
      await rm(mine);
    }
  }

  /** The socket folder of the running owner; `undefined` if no owner runs or it is not ready yet. */
  static async socketFolderIn(folder: string): Promise<string | undefined> {
    const claims = await claimsIn(folder).catch(() => []);
    const owner = await ownerOf(pathOf(folder, Math.max(0, ...claims)));
    return isRunning(owner) ? owner.socketFolder : undefined;
  }

  /** Records the socket folder, so that the next owner can remove it after a `kill -9`. */
  async record(socketFolder: string): Promise<void> {
    await this.write(claim({ socketFolder }));
  }

  /** Releases the folder. */
  async release(): Promise<void> {
    await this.write('{}');
  }

  private async write(text: string): Promise<void> {
    const next = `${this.path}.${randomUUID()}`;
    await writeFile(next, text);
    await rename(next, this.path);
  }
}

function isRunning({ pid, identity }: Owner): boolean {
  return pid !== undefined && identity !== undefined && identityOf(pid) === identity;
}

function pathOf(folder: string, number: number): string {
  return join(folder, `owner.${number}.json`);
}

async function claimsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => /^owner\.(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
}

async function ownerOf(path: string): Promise<Owner> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return {};
  }
}

function claim(more: Owner): string {
  return JSON.stringify({ pid: process.pid, identity: identityOf(process.pid), ...more } satisfies Owner);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
