import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');

/** A compiled tree of this repository. Each tree runs its own programs, so an API may change between two commits. */
export interface Build {
  /** The name of a contender of this build. */
  label(name: string): string;
  /**
   * The first of the paths that the tree has: a program may have another path in an earlier commit.
   *
   * @throws Error if the tree has none of them
   */
  program(...paths: string[]): URL;
}

/** A build that is removed at the end. */
export interface TemporaryBuild extends Build {
  remove(): Promise<void>;
}

/** The tree that the bench itself is part of. */
export const workingTree: Build = { label: (name) => name, program: (...paths) => programIn(root, paths) };

/**
 * Checks the commit out beside the working tree and compiles it there. It uses the packages of the working tree.
 *
 * @param ref any name that git has for a commit
 */
export async function buildCommit(ref: string): Promise<TemporaryBuild> {
  const commit = git('rev-parse', '--short', '--verify', `${ref}^{commit}`).trim();
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-build-'));
  const tree = join(folder, 'tree');
  const remove = async (): Promise<void> => {
    if (existsSync(tree)) git('worktree', 'remove', '--force', tree);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    git('worktree', 'add', '--quiet', '--detach', tree, commit);
    await symlink(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir');
    execFileSync(process.execPath, [join(tree, 'scripts/build.mjs')], { cwd: tree, stdio: ['ignore', 2, 2] });
  } catch (error) {
    await remove();
    throw error;
  }
  return { label: (name) => `${name}, at ${commit}`, program: (...paths) => programIn(tree, paths), remove };
}

function programIn(tree: string, paths: readonly string[]): URL {
  const file = paths.map((path) => join(tree, path)).find((path) => existsSync(path));
  if (file === undefined) throw new Error(`The bench needs ${paths[0]}, and the compared commit does not have it.`);
  return pathToFileURL(file);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
