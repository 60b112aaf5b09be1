/**
 * One attempt at something, which ends early when the time is over or all is to end. Once it has ended, nothing of it is left at
 * the lasting signal: `AbortSignal.any` leaves something there for each attempt, for as long as the signal lives.
 */
export class AbortableRequest {
  private readonly controller = new AbortController();
  private readonly giveUp = () => this.controller.abort(this.stopping.reason);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly stopping: AbortSignal) {
    if (stopping.aborted) this.giveUp();
    else stopping.addEventListener('abort', this.giveUp);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Gives up after the time, counted from now, whatever was said before. */
  limit(milliseconds: number, reason: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(new Error(reason)), milliseconds);
  }

  /** The time counts from now. */
  extend(): void {
    this.timer?.refresh();
  }

  /** Whatever still runs of it is given up. */
  end(): void {
    clearTimeout(this.timer);
    this.stopping.removeEventListener('abort', this.giveUp);
    this.controller.abort();
  }
}
