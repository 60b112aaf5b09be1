import { Injectable } from '@nestjs/common';

/** How far this replica has read the revocations, and when it last could: what wakes those who tell others of them. */
@Injectable()
export class ReadPosition {
  private readonly waiting = new Set<() => void>();
  private position = -1;
  private notedAt = Number.NEGATIVE_INFINITY;
  private interruptions = 0;

  /** When all that was committed was last known, by `performance.now()`. */
  get readAt(): number {
    return this.notedAt;
  }

  /** Changes whenever the database could not be read: it may be another one afterwards, such as a restored one. */
  get interruption(): number {
    return this.interruptions;
  }

  /**
   * All up to this place has been read, and nothing else was committed.
   *
   * @param askedAt when the database was asked for it, by `performance.now()`
   */
  note(position: number, askedAt = performance.now()): void {
    this.notedAt = askedAt;
    this.noteMove(position);
  }

  /** All up to this place has been read; more is committed, and has no place yet. */
  noteMove(position: number): void {
    if (position === this.position) return;
    this.position = position;
    this.wake();
  }

  /** The database could not be read. */
  noteInterruption(): void {
    this.interruptions += 1;
    this.position = -1;
  }

  /** Wakes everybody who waits, without anything to read. */
  wake(): void {
    for (const wake of this.waiting) wake();
  }

  /** Calls whenever there is something new to read. */
  onMove(listener: () => void): void {
    this.waiting.add(listener);
  }

  /** Resolves when there is something new to read, after the time, or when the signal ends it. */
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
