/** Runs at most `width()` works at once; the others wait in the order in which they came. */
export class ConcurrencyLimit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param width at least 1 is assumed; it may change while works run */
  constructor(private readonly width: () => number) {}

  /** Does the work when its turn has come, and passes on what it returns or throws. */
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
