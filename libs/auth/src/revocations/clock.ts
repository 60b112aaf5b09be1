/**
 * The current time, as a port, so that no test needs to sleep.
 *
 * @example
 * ```ts
 * class StoppedClock extends Clock {
 *   override now(): number { return Date.UTC(2030, 0, 1); }
 * }
 * ```
 */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }
}
