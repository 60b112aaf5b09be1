import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What a run of the vectors says on a machine where they are not. */
function outputOf(...args: string[]): string {
  const run = spawnSync('npm', ['run', '--silent', 'test:unit', '--', 'test/tokens/wycheproof', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, POSTERN_TEST_CORPUS: join(root, 'no-such-folder') },
  });
  return run.stderr;
}

describe('a run of the tests', () => {
  it('says at its end what it skipped, and why', () => {
    const end = outputOf();
    expect(end).toContain('Did not run:');
    expect(end).toMatch(/^ {2}Wycheproof \(needs its vectors.*POSTERN_TEST_CORPUS.*takes all 26 keys/m);
  }, 120_000);

  it('says nothing of what nobody asked for', () => {
    expect(outputOf('-t', 'of no test')).not.toContain('Did not run');
  }, 120_000);
});
