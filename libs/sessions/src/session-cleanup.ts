import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { SessionExpiry } from './session-expiry.js';

const PAUSE = 60_000;
const BATCH_SIZE = 1000;

/** Deletes old sessions in small batches. Each replica runs it. */
@Injectable()
export class SessionCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionCleanup.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly terms: SessionExpiry,
    private readonly earliestClock: EarliestClock,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /**
   * Deletes each session that ended or expired before the retention period.
   *
   * @returns the number of deleted sessions
   */
  sweep(): Promise<number> {
    return inBatches(() => this.deleteSessions());
  }

  private schedule(): void {
    // The replicas must not all start at the same time.
    this.timer = setTimeout(() => void this.turn(), PAUSE * (0.5 + Math.random())).unref();
  }

  private async turn(): Promise<void> {
    await this.sweep().catch((error: unknown) =>
      this.logger.warn(`Session cleanup failed, will retry: ${String(error)}`),
    );
    if (this.timer) this.schedule();
  }

  private async deleteSessions(): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [this.terms.forgottenBefore(await this.earliestClock.now()), BATCH_SIZE],
    );
    return count;
  }
}

async function inBatches(deleteBatch: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await deleteBatch();
    total += count;
    if (count < BATCH_SIZE) return total;
  }
}
