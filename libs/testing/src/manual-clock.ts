import { Clock } from 'postern/auth';

/**
 * Stands still until it is moved, so that no test of a rule about time has to sleep. It begins at the present, which keeps its
 * tokens valid for whoever has the machine's clock.
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

  /** Moves on by so many seconds; fractions count, and a negative number goes back. */
  advance(seconds: number): void {
    this.instant += Math.round(seconds * 1000);
  }

  /** Moves to an instant. */
  set(instant: Date): void {
    this.instant = instant.getTime();
  }
}
