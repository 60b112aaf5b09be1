import { Injectable } from '@nestjs/common';

/** How far this replica has read the revocations, and when. Changes wake the feed. */
@Injectable()
export class ReadPosition {
  private readonly waiting = new Set<() => void>();
  private position = -1;
  private notedAt = Number.NEGATIVE_INFINITY;
  private interruptions = 0;

  /** When this replica last knew all committed revocations, by `performance.now()`. */
  get readAt(): number {
    return this.notedAt;
  }

  /** Changes after each failed read: the next read may reach another database, such as a restored backup. */
  get interruption(): number {
    return this.interruptions;
  }

  /**
   * Records that this replica has read all committed revocations.
   *
   * @param startedAt when the query started, by `performance.now()`
   */
  note(position: number, startedAt = performance.now()): void {
    this.notedAt = startedAt;
    this.noteMove(position);
  }

  /** Records that this replica has read up to this number. Further revocations are committed without a number. */
  noteMove(position: number): void {
    if (position === this.position) return;
    this.position = position;
    this.wake();
  }

  /** Records a failed read. */
  noteInterruption(): void {
    this.interruptions += 1;
    this.position = -1;
  }

  /** Wakes all listeners without a change. */
  wake(): void {
    for (const wake of this.waiting) wake();
  }

  /** Calls the listener after each change. */
  onMove(listener: () => void): void {
    this.waiting.add(listener);
  }

  /** Resolves after a change, after the timeout, or when the signal aborts. */
  moved(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
