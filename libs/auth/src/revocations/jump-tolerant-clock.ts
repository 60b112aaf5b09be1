import { Clock } from './clock.js';

/** What counts as a leap, and how long it must last to be believed. */
const LEAP_MILLISECONDS = 60_000;
const BELIEVED_AFTER_MILLISECONDS = 3_600_000;

/**
 * A clock for what must not be forgotten too early: it follows another one, but believes a leap ahead only when it has
 * lasted for an hour of uninterrupted time. Whoever sets the time wrong and right again within that hour has changed
 * nothing. A step back is believed at once: then things are kept for longer.
 */
export class JumpTolerantClock extends Clock {
  private ahead: number;
  private doubtedSince: number | undefined;

  /** @param elapsed milliseconds of a clock that nobody sets */
  constructor(
    private readonly clock: Clock,
    private readonly elapsed: () => number = () => performance.now(),
  ) {
    super();
    this.ahead = clock.now() - elapsed();
  }

  override now(): number {
    const elapsed = this.elapsed();
    const told = this.clock.now();
    if (told - elapsed - this.ahead <= LEAP_MILLISECONDS) {
      this.doubtedSince = undefined;
    } else {
      this.doubtedSince ??= elapsed;
      if (elapsed - this.doubtedSince < BELIEVED_AFTER_MILLISECONDS) return elapsed + this.ahead;
    }
    this.ahead = told - elapsed;
    return told;
  }
}
