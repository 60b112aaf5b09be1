import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../cluster/child.js';

/** A process that is let run in slices, and the time that it had. */
export class Runner {
  private milliseconds = 0;
  private since: number | undefined;

  /** It stands still at first. */
  constructor(private readonly child: Child) {
    child.pause();
  }

  /** How long it was let run until now. */
  get seconds(): number {
    return (this.milliseconds + (this.since === undefined ? 0 : performance.now() - this.since)) / 1000;
  }

  /** Lets it run until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.since = performance.now();
    this.child.resume();
    try {
      return await work();
    } finally {
      this.child.pause();
      this.milliseconds += performance.now() - this.since;
      this.since = undefined;
    }
  }
}

/**
 * Lets one of them run at a time, slice by slice, for so many seconds each: whatever happens to the machine happens to all of them.
 *
 * @param slice in seconds: shorter than the machine takes to change, whose neighbours come and go by the second, and so long that it does not
 *   matter that each has to fill the caches again
 * @param isOver asked before each slice; whoever is done ends the turn of all
 */
export async function sliceTime(
  runners: readonly Runner[],
  seconds: number,
  slice: number,
  isOver: () => boolean = () => false,
): Promise<void> {
  for (let slices = Math.round(seconds / slice); slices > 0 && !isOver(); slices -= 1) {
    for (const runner of runners) await runner.during(() => delay(slice * 1000));
  }
}
