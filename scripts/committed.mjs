import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Compares generated files with the committed files. Writes them, or shows the differences and sets an exit code.
 *
 * @param {Map<string, string>} files the expected content by path from the root
 * @param {{ write: boolean, command: string, folder?: string }} how `command` writes the files; `folder` may
 *   have no other files
 */
export function holdCommitted(files, { write, command, folder }) {
  const surplus = folder === undefined ? [] : filesIn(folder).filter((path) => !files.has(path));
  if (write) {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    for (const path of surplus) rmSync(join(root, path));
    return;
  }
  const differing = [...files].filter(([path, text]) => textOf(path) !== text);
  for (const [path, text] of differing) showDifference(path, text);
  for (const path of surplus) process.stderr.write(`${path} is not generated any longer.\n`);
  if (differing.length + surplus.length === 0) return;
  process.stderr.write(`\nIf the change is intended, run: ${command}\nand commit the files.\n`);
  process.exitCode = 1;
}

function filesIn(folder) {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [];
}

function textOf(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';
}

function showDifference(path, text) {
  const scratch = mkdtempSync(join(tmpdir(), 'postern-difference-'));
  try {
    const [committed, generated] = [join(scratch, 'committed'), join(scratch, 'generated')];
    writeFileSync(committed, textOf(path));
    writeFileSync(generated, text);
    process.stderr.write(`${path} differs:\n`);
    const args = [
      'diff',
      '--no-index',
      '--no-prefix',
      '--',
      relative(scratch, committed),
      relative(scratch, generated),
    ];
    spawnSync('git', args, { cwd: scratch, stdio: ['ignore', 2, 2] });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
