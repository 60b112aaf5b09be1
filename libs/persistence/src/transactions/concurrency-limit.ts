/** Runs at most `width()` tasks at once. The others wait in their order. */
export class ConcurrencyLimit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param width the limit, at least 1; may change while tasks run */
  constructor(private readonly width: () => number) {}

  /** Runs the task when a place is free, and returns its result. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isFree && this.waiting.length === 0) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.admit();
    }
  }

  private get isFree(): boolean {
    return this.running < Math.max(1, this.width());
  }

  private admit(): void {
    while (this.waiting.length > 0 && this.isFree) {
      this.running += 1;
      this.waiting.shift()!();
    }
  }
}
