/** Stands before the totals of a run: each test that was skipped, by its name, which says what it needs. */
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default class NotRunReporter {
  #isSelection;

  constructor({ testNamePattern, onlyFailures }) {
    this.#isSelection = Boolean(testNamePattern) || onlyFailures;
  }

  onRunComplete(_contexts, { testResults }) {
    // Whoever asks for single tests knows that they skip the others.
    if (this.#isSelection) return;
    const notRun = testResults.flatMap((file) =>
      file.testResults.filter(({ status }) => status === 'pending' || status === 'todo'),
    );
    if (notRun.length === 0) return;
    const lines = notRun.map(({ fullName }) => `  ${fullName}\n`);
    process.stderr.write(`\nDid not run:\n${lines.join('')}`);
  }
}
