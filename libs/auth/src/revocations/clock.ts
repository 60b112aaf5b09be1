/**
 * Tells the time, so that no rule about it needs a sleeping test.
 *
 * @example
 * ```ts
 * class StoppedClock extends Clock {
 *   override now(): number { return Date.UTC(2030, 0, 1); }
 * }
 * ```
 */
export abstract class Clock {
  /** The present instant, in milliseconds since the epoch. */
  abstract now(): number;
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }
}
