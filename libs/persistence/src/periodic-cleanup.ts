import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';

const PAUSE_MILLISECONDS = 60_000;
const BATCH_SIZE = 1000;

/** Deletes old rows about once a minute, in small batches. Each replica runs it. */
export abstract class PeriodicCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  protected readonly logger = new Logger(this.constructor.name);
  private timer: NodeJS.Timeout | undefined;

  onApplicationBootstrap(): void | Promise<void> {
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Deletes every old row. Returns the number of deleted rows. */
  abstract sweep(): Promise<number>;

  /** Logs a failure; the next turn repeats the work. */
  protected async turn(): Promise<void> {
    await this.sweep().catch((error: unknown) => this.logger.warn(`Cleanup failed, will retry: ${String(error)}`));
  }

  /** Calls `deleteBatch` until it deletes fewer rows than it may. Returns the number of all deleted rows. */
  protected async inBatches(deleteBatch: (limit: number) => Promise<number>): Promise<number> {
    let total = 0;
    for (;;) {
      const count = await deleteBatch(BATCH_SIZE);
      total += count;
      if (count < BATCH_SIZE) return total;
    }
  }

  private schedule(): void {
    // The replicas must not all start at the same time.
    const pause = PAUSE_MILLISECONDS * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.turn().finally(() => this.timer && this.schedule()), pause).unref();
  }
}
