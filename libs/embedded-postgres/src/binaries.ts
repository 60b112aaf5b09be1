import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import type { RunAs } from './run-as.js';

/** Paths of the PostgreSQL programs that the chosen user can run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The major version of PostgreSQL; the data folder has this name. */
export const MAJOR_VERSION = '18';

const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm', 'linux-arm64', 'linux-ia32', 'linux-ppc64', 'linux-x64'];
const OWN_DATABASE = 'set DATABASE_URL to your own PostgreSQL';

/** Finds the folder of the programs in the npm package for this platform. */
export function locateNative(platform = `${process.platform}-${process.arch}`): string {
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for ${platform}: ${OWN_DATABASE}.`);
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The package ${name} is not installed: run npm install --save-dev ${name}, or ${OWN_DATABASE}.`,
      { cause },
    );
  }
}

/**
 * Prepares the programs for the user that runs them. Copies them if that user cannot reach the package, or if the links
 * between the libraries are missing and cannot be created there.
 *
 * @param native the folder of the npm package
 * @param copies a folder for copies that the user can reach
 * @throws EmbeddedPostgresError when the programs do not run on this machine
 */
export async function prepareBinaries(native: string, copies: string, runAs: RunAs): Promise<Binaries> {
  const isInstalled = (await hasLinks(native)) && complaintOf(native, runAs) === undefined;
  if (isInstalled) return programsIn(native);

  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(copies, `binaries-${version}`);
  if (!existsSync(copy)) await copyNative(native, copy);
  const complaint = complaintOf(copy, runAs);
  if (complaint === undefined) return programsIn(copy);
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this machine (${complaint}; a system without glibc, such as Alpine, cannot run it): ${OWN_DATABASE}.`,
  );
}

function programsIn(native: string): Binaries {
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

function complaintOf(native: string, { uid, gid }: RunAs): string | undefined {
  const { postgres } = programsIn(native);
  const run = spawnSync(postgres, ['--version'], { uid, gid, cwd: '/', env: { LC_ALL: 'C' }, encoding: 'utf8' });
  if (run.error) return run.error.message;
  if (run.stdout.includes(`(PostgreSQL) ${MAJOR_VERSION}`)) return undefined;
  return run.stderr.trim() || run.stdout.trim() || `it ended with ${run.signal ?? run.status}`;
}

/** Creates missing links: npm packages contain none, and install scripts may be disabled. Returns whether all exist. */
async function hasLinks(native: string): Promise<boolean> {
  let isComplete = true;
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      await symlink(basename(source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') isComplete = false;
    }
  }
  return isComplete;
}

async function copyNative(native: string, target: string): Promise<void> {
  const parent = await mkdtemp(`${target}.tmp-`);
  const root = join(parent, 'native');
  await cp(native, root, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') });
  for (const entry of [root, ...(await readdir(root, { recursive: true })).map((name) => join(root, name))]) {
    const stat = lstatSync(entry);
    if (!stat.isSymbolicLink()) await chmod(entry, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
  }
  await hasLinks(root);
  await rename(root, target);
  await rm(parent, { recursive: true });
}
