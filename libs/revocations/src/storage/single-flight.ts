/**
 * Runs one task at a time. All calls during a run share one further run, because the current run may have read before
 * their change.
 */
export class SingleFlight<T> {
  private running: Promise<T> | undefined;
  private isAskedAgain = false;

  constructor(private readonly task: () => Promise<T>) {}

  /** Resolves with the result of a run that began after the call. */
  run(): Promise<T> {
    this.isAskedAgain = true;
    this.running ??= this.repeat().finally(() => (this.running = undefined));
    return this.running;
  }

  private async repeat(): Promise<T> {
    for (;;) {
      this.isAskedAgain = false;
      const result = await this.task();
      if (!this.isAskedAgain) return result;
    }
  }
}
