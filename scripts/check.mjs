#!/usr/bin/env node
/**
 * `npm run check` runs every check of CI. A failed step does not skip the later steps.
 *
 * `--postgres <url>` also runs the SQL tests on that server.
 * The last line is `N passed, N failed`. Each test and each other step counts as one.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const decides = process.env.CI === 'true';
const otherPostgres = process.argv.includes('--postgres')
  ? process.argv[process.argv.indexOf('--postgres') + 1]
  : undefined;
/** The tests of the database. With `--postgres`, each runs on that server, and some on the embedded one, too. */
const ofTheDatabase = 'test/sql/';
const onOnePostgres = 'test/sql/(?!persistence/|acme)';
const ofEmbeddedPostgres = ['test/server/embedded-postgres', 'libs/embedded-postgres'];
const scratch = mkdtempSync(join(tmpdir(), 'postern-check-'));
const total = { passed: 0, failed: 0 };

try {
  step('format', 'format:check');
  step('build', 'build');
  step('lint', 'lint');
  step('types', 'typecheck');
  step('unused code and dependencies', 'knip');
  // The tests of the embedded PostgreSQL run once: as root, in a folder that only root can enter.
  const isRoot = process.getuid?.() === 0;
  const elsewhere = [
    '/node_modules/',
    ...(isRoot ? ofEmbeddedPostgres : []),
    ...(otherPostgres === undefined ? [] : [onOnePostgres]),
  ].flatMap((pattern) => ['--testPathIgnorePatterns', pattern]);
  tests('tests, on the embedded PostgreSQL', elsewhere);
  if (otherPostgres !== undefined) {
    const paths = ['--selectProjects', 'e2e', '--testPathPatterns', ofTheDatabase];
    tests('tests, on the PostgreSQL of this machine', paths, { POSTERN_TEST_DATABASE_URL: otherPostgres });
  }
  if (isRoot) {
    const folder = closedClone();
    tests('tests of the embedded PostgreSQL, in a folder that only root can enter', ofEmbeddedPostgres, {}, folder);
  }
  step('public API as committed', 'api:check');
  step('OpenAPI document as committed', 'openapi:check');
  step('package', 'pack:check');
} catch (error) {
  process.stderr.write(`${error.stack}\n`);
  total.failed += 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

function step(title, script) {
  const { status, seconds } = run(title, [script]);
  count(title, seconds, status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/** Counts the tests of Jest's report. In CI a skipped test counts as failed. */
function tests(title, args, environment = {}, cwd = root) {
  const output = join(scratch, `${title.replaceAll(/\W+/g, '-')}.json`);
  const { status, seconds } = run(title, ['test', '--', '--json', `--outputFile=${output}`, ...args], environment, cwd);
  if (!existsSync(output)) return count(title, seconds, { passed: 0, failed: 1 });
  const report = JSON.parse(readFileSync(output, 'utf8'));
  const notRun = report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + (decides ? notRun : 0);
  if (decides && notRun > 0) process.stdout.write(`${notRun} skipped tests count as failed.\n`);
  // Jest can also fail outside of a test, such as in the global teardown.
  count(title, seconds, { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed });
}

/**
 * Copies the working tree and its packages to a folder of mode 700, like a clone in the home folder of root. Hard links
 * are enough: the access of another user depends on the folders of the path.
 */
function closedClone() {
  // mkdtemp creates folders of mode 700.
  const clone = join(scratch, 'clone');
  mkdirSync(clone);
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  for (const path of listed.stdout.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, path), join(clone, path), { verbatimSymlinks: true });
  }
  const packages = [join(root, 'node_modules'), clone];
  // Two file systems cannot share hard links.
  if (spawnSync('cp', ['-al', ...packages]).status !== 0) spawnSync('cp', ['-a', ...packages], { stdio: 'inherit' });
  return clone;
}

function run(title, [script, ...args], environment = {}, cwd = root) {
  process.stdout.write(`\n── ${title}\n`);
  const began = Date.now();
  const { status } = spawnSync('npm', ['run', '--silent', script, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    // Jest prints the JSON report to the standard output, and the summary to the standard error.
    stdio: ['ignore', script === 'test' ? 'ignore' : 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  return { status, seconds: Math.round((Date.now() - began) / 1000) };
}

function count(title, seconds, { passed, failed }) {
  total.passed += passed;
  total.failed += failed;
  process.stdout.write(
    `── ${title}: ${failed === 0 ? 'passed' : `${failed} FAILED`} (${passed} passed, ${seconds} s)\n`,
  );
}
