import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../cluster/child.js';

/** A process that runs in slices, and its total run time. */
export class Runner {
  private milliseconds = 0;
  private since: number | undefined;

  /** The process is suspended at first. */
  constructor(private readonly child: Child) {
    child.pause();
  }

  /** The total run time so far. */
  get seconds(): number {
    return (this.milliseconds + (this.since === undefined ? 0 : performance.now() - this.since)) / 1000;
  }

  /** Resumes the process until the work is done. */
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
 * Runs one process at a time, slice by slice, so that changes of the machine affect all processes alike.
 *
 * @param slice in seconds: shorter than the load of the machine takes to change, and long enough that refilling the CPU
 * caches does not matter
 * @param isOver called before each slice; the first process that is done ends the turn for all
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
