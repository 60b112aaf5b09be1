const GROUP_SIZE = 8;
const MAX_DELAY_MILLISECONDS = 100;

/**
 * Resolves the results of a long queue in groups. A hash evicts the CPU cache, so the work after a result runs several
 * times faster directly after the same work for another caller.
 */
export class ResultGroups {
  private readonly pending: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param hasSpareCore whether one core runs no hashes and can serve the callers */
  constructor(private readonly hasSpareCore: boolean) {}

  /**
   * Resolves within 100 ms, when the caller may receive its result.
   * @param waiting the number of waiting tasks; the result is immediate if they are fewer than a group
   * @param next starts the next task
   */
  settle(waiting: number, next: () => void): Promise<void> {
    const settled = new Promise<void>((resolve) => this.pending.push(resolve));
    const isCrowded = waiting >= GROUP_SIZE;
    if (isCrowded && this.pending.length < GROUP_SIZE) {
      this.timer ??= setTimeout(() => this.release(), MAX_DELAY_MILLISECONDS);
      next();
      return settled;
    }
    this.release();
    // Let the callers run first, unless they have a spare core.
    if (isCrowded && !this.hasSpareCore) setImmediate(next);
    else next();
    return settled;
  }

  private release(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const resolve of this.pending.splice(0)) resolve();
  }
}
