import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { IssuedLifetimes } from './issued-lifetimes.js';
import { RevocationTable } from './revocation-table.js';

const PAUSE_MILLISECONDS = 60_000;
const BATCH_SIZE = 1000;

/** Records token lifetimes, and deletes expired revocations in small batches. Each replica runs it. */
@Injectable()
export class RevocationCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RevocationCleanup.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly table: RevocationTable,
    private readonly lifetimes: IssuedLifetimes,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.lifetimes.record();
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /**
   * Deletes each revocation that cannot concern a valid token.
   *
   * @returns the number of deleted revocations
   */
  async sweep(): Promise<number> {
    await this.lifetimes.deleteExpired();
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
      .record()
      .catch((error: unknown) => this.logger.warn(`Recording of token lifetimes failed, will retry: ${String(error)}`));
    await this.sweep().catch((error: unknown) =>
      this.logger.warn(`Revocation cleanup failed, will retry: ${String(error)}`),
    );
    if (this.timer) this.schedule();
  }
}
