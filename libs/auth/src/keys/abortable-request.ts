/**
 * An abort signal for one request, which a timeout or the shutdown signal aborts. `end()` removes its listener from the
 * shutdown signal; `AbortSignal.any` would leave an entry there for each request.
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

  /** Aborts after this time from now, and replaces an earlier limit. */
  limit(milliseconds: number, reason: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(new Error(reason)), milliseconds);
  }

  /** Restarts the time limit. */
  extend(): void {
    this.timer?.refresh();
  }

  /** Aborts the rest of the request and releases the timer and the listener. */
  end(): void {
    clearTimeout(this.timer);
    this.stopping.removeEventListener('abort', this.giveUp);
    this.controller.abort();
  }
}
