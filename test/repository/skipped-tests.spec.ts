import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The output of a run of the Wycheproof vectors on a machine without them. */
function outputOf(...args: string[]): string {
  const run = spawnSync('npm', ['run', '--silent', 'test:unit', '--', 'test/tokens/wycheproof', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, POSTERN_TEST_CORPUS: join(root, 'no-such-folder') },
  });
  return run.stderr;
}

describe('a run of the tests', () => {
  it('a test run lists the skipped tests with their reasons at its end', () => {
    const end = outputOf();
    expect(end).toContain('Did not run:');
    expect(end).toMatch(
      /^ {2}Wycheproof \(needs its vectors.*POSTERN_TEST_CORPUS.*all 26 keys and key sets are accepted/m,
    );
  }, 120_000);

  it('a test run does not list tests that a name filter has skipped', () => {
    expect(outputOf('-t', 'of no test')).not.toContain('Did not run');
  }, 120_000);
});
