#!/usr/bin/env node
/**
 * `npm run build`, and the build of the other scripts: `node scripts/build.mjs --if-stale`.
 *
 * A lock allows a single build at a time, because the compiler empties `dist` first. The stamp is written last, so
 * that a failed or killed build counts as stale.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist/built-from');
const lock = join(root, 'dist.lock');
const compiler = join(root, 'node_modules/@nestjs/cli/bin/nest.js');
const abandonedAfterSeconds = 300;

/** Nest is a peer dependency of the package, so the runtime packages of the server are development dependencies. */
const INSTALL = 'run npm ci --include=dev. NODE_ENV=production and --omit=dev omit packages of the server.';

/** Builds if `dist` is stale. Waits for another build. */
export async function buildWhereStale() {
  if (!isStale()) return;
  await locked(() => {
    if (isStale()) compile();
  });
}

/** Builds if `dist` is stale, and then runs a program of `src` in this process. */
export async function becomeBuilt(program) {
  try {
    await buildWhereStale();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  await import(`../dist/src/${program}.js`).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    process.stderr.write(`A package of the server is not installed: ${INSTALL}\n`);
    process.exit(1);
  });
}

function isStale() {
  // A deployment without the compiler runs the existing build.
  if (!existsSync(compiler)) return !existsSync(join(root, 'dist/src/main.js'));
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint();
}

/** Hashes contents, because a checkout or a copy changes the times. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const path of sources())
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

function sources() {
  const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
  const compiled = ['src', 'libs'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
      .map((name) => join(folder, name)),
  );
  return [...settings, ...compiled.sort()].map((name) => join(root, name));
}

function compile() {
  if (!existsSync(compiler)) throw new Error(`Postern is not built, and the compiler is not installed: ${INSTALL}`);
  process.stderr.write('Building Postern …\n');
  rmSync(stamp, { force: true });
  const built = fingerprint();
  const run = spawnSync(process.execPath, [compiler, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) throw new Error(`The build failed (${run.signal ?? `exit code ${run.status}`}).`);
  writeFileSync(stamp, built);
}

async function locked(work) {
  while (!takeLock()) await delay(200);
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isAbandoned()) rmSync(lock, { force: true });
    return false;
  }
}

/** Also checks the age, because process ids repeat after the restart of a container. */
function isAbandoned() {
  const stat = statSync(lock, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const owner = Number(readFileSync(lock, 'utf8'));
  const ageSeconds = (Date.now() - stat.mtimeMs) / 1000;
  return ageSeconds > abandonedAfterSeconds || owner === process.pid || (owner > 0 && !isAlive(owner));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) {
  try {
    await (process.argv.includes('--if-stale') ? buildWhereStale() : locked(compile));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
