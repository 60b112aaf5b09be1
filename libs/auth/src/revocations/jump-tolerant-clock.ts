import { Clock } from './clock.js';

/** The smallest jump that is not followed immediately, and how long a jump must last to be followed. */
const JUMP_MILLISECONDS = 60_000;
const MIN_JUMP_AGE_MILLISECONDS = 3_600_000;

/**
 * A clock for expiring revocations. It ignores a forward jump of more than a minute until the jump has lasted one
 * hour, so a clock that is set wrong and right again within the hour expires nothing. It follows a step back
 * immediately, because that only keeps revocations longer.
 */
export class JumpTolerantClock extends Clock {
  private offset: number;
  private jumpedAt: number | undefined;

  /** @param elapsed milliseconds of a monotonic clock */
  constructor(
    private readonly clock: Clock,
    private readonly elapsed: () => number = () => performance.now(),
  ) {
    super();
    this.offset = clock.now() - elapsed();
  }

  override now(): number {
    const elapsed = this.elapsed();
    const now = this.clock.now();
    if (now - elapsed - this.offset <= JUMP_MILLISECONDS) {
      this.jumpedAt = undefined;
    } else {
      this.jumpedAt ??= elapsed;
      if (elapsed - this.jumpedAt < MIN_JUMP_AGE_MILLISECONDS) return elapsed + this.offset;
    }
    this.offset = now - elapsed;
    return now;
  }
}
