/** Prints each skipped test before the totals of a run. The name of a test says what the test needs. */
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default class NotRunReporter {
  #isSelection;

  constructor({ testNamePattern, onlyFailures }) {
    this.#isSelection = Boolean(testNamePattern) || onlyFailures;
  }

  onRunComplete(_contexts, { testResults }) {
    // A run with a name filter skips the other tests on purpose.
    if (this.#isSelection) return;
    const notRun = testResults.flatMap((file) =>
      file.testResults.filter(({ status }) => status === 'pending' || status === 'todo'),
    );
    if (notRun.length === 0) return;
    const lines = notRun.map(({ fullName }) => `  ${fullName}\n`);
    process.stderr.write(`\nDid not run:\n${lines.join('')}`);
  }
}
