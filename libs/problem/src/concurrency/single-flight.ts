/**
 * Runs one task for all concurrent callers, never twice at a time.
 *
 * @example
 * ```ts
 * const reading = new SingleFlight(() => this.read());
 * await reading.join(); // shares the run in progress, if there is one
 * await reading.after(); // a run that begins after this call, so it reads every earlier change
 * ```
 */
export class SingleFlight<T = void> {
  private current: Promise<T> | undefined;
  private next: Promise<T> | undefined;

  constructor(private readonly task: () => Promise<T>) {}

  get isRunning(): boolean {
    return this.current !== undefined;
  }

  /** The result of the run in progress. Begins a run if there is none. */
  join(): Promise<T> {
    this.current ??= this.task().finally(() => (this.current = undefined));
    return this.current;
  }

  /**
   * The result of a run that begins after this call. All callers that wait for the same beginning share it.
   *
   * @param pause resolves when the run may begin, after the end of the run in progress
   */
  after(pause?: () => Promise<void>): Promise<T> {
    this.next ??= this.begin(pause);
    return this.next;
  }

  private async begin(pause?: () => Promise<void>): Promise<T> {
    // The callers of that run handle its error.
    await this.current?.catch(() => undefined);
    await pause?.();
    this.next = undefined;
    return this.join();
  }
}
