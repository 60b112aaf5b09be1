import { Clock } from 'postern/auth';

/**
 * A clock that moves only by `advance` and `set`, so that no test has to sleep. It begins at the present, so that other
 * verifiers accept its tokens.
 *
 * @example
 * ```ts
 * const app = await startTestApplication(PosternModule.forRoot({ ...settings, clock: ManualClock }));
 * app.nest.get<ManualClock>(Clock).advance(901); // the access token has expired
 * ```
 */
export class ManualClock extends Clock {
  private instant = Date.now();

  override now(): number {
    return this.instant;
  }

  /** Moves the clock by this number of seconds, which may be a fraction or negative. */
  advance(seconds: number): void {
    this.instant += Math.round(seconds * 1000);
  }

  /** Sets the clock to this instant. */
  set(instant: Date): void {
    this.instant = instant.getTime();
  }
}
