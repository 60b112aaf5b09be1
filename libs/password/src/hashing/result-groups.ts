const GROUP_SIZE = 8;
const MAX_DELAY_MILLISECONDS = 100;

/**
 * Hands out the results of a crowded queue in groups.
 *
 * What callers do with a result is little, but on the core of the hashes it finds the caches swept, and costs several
 * times as much after each hash as it does right after the same for another caller.
 */
export class ResultGroups {
  private readonly pending: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param hasSpareCore whether a core is left without hashes: then the next hash takes nothing from the callers */
  constructor(private readonly hasSpareCore: boolean) {}

  /**
   * Resolves when the result may be handed out, within 100 ms.
   * @param waiting how many tasks wait; fewer than a group gets the result at once
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
    // The callers go on first, unless the next task leaves them a core.
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
