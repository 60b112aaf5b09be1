import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { IssuedLifetimes } from './issued-lifetimes.js';
import { RevocationTable } from './revocation-table.js';

const PAUSE_MILLISECONDS = 60_000;
const BATCH_SIZE = 1000;

/** Records how long tokens live, and deletes expired revocations in small batches, on whichever replica comes first. */
@Injectable()
export class RevocationCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RevocationCleanup.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly table: RevocationTable,
    private readonly lifetimes: IssuedLifetimes,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.lifetimes.note();
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /**
   * Deletes every revocation that no living token can concern.
   *
   * @returns how many it deleted
   */
  async sweep(): Promise<number> {
    await this.lifetimes.forgetPast();
    let total = 0;
    for (;;) {
      const count = await this.table.forgetExpired(BATCH_SIZE);
      total += count;
      if (count < BATCH_SIZE) return total;
    }
  }

  private schedule(): void {
    // The replicas must not all start at the same time.
    this.timer = setTimeout(() => void this.turn(), PAUSE_MILLISECONDS * (0.5 + Math.random())).unref();
  }

  private async turn(): Promise<void> {
    await this.lifetimes
      .note()
      .catch((error: unknown) => this.logger.warn(`Could not record token lifetimes, will retry: ${String(error)}`));
    await this.sweep().catch((error: unknown) =>
      this.logger.warn(`Revocation cleanup failed, will retry: ${String(error)}`),
    );
    if (this.timer) this.schedule();
  }
}
