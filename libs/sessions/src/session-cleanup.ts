import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { SlowerClock } from 'postern/tokens';
import { RevocationJournal } from './revocation-journal.js';
import { SessionTerms } from './session-expiry.js';
import { TokenLifetimes } from './token-lifetimes.js';

const pause = 60_000;
const batchSize = 1000;

/** Notes how long tokens live, and forgets old sessions and spent revocations in small batches, whichever replica comes first. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly journal: RevocationJournal,
    private readonly terms: SessionTerms,
    private readonly lifetimes: TokenLifetimes,
    private readonly slowerClock: SlowerClock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.lifetimes.note();
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Forgets all that may be forgotten now. */
  async sweep(): Promise<{ sessions: number; revocations: number }> {
    await this.lifetimes.forgetPast();
    return {
      sessions: await inBatches(() => this.forgetSessions()),
      revocations: await inBatches(() => this.journal.forgetExpired(batchSize)),
    };
  }

  private schedule(): void {
    // Not all replicas at once.
    this.timer = setTimeout(() => void this.turn(), pause * (0.5 + Math.random())).unref();
  }

  private async turn(): Promise<void> {
    await this.lifetimes
      .note()
      .catch((error: unknown) => this.logger.warn(`How long tokens live was not noted: ${String(error)}`));
    await this.sweep().catch((error: unknown) => this.logger.warn(`Old sessions stay for now: ${String(error)}`));
    if (this.timer) this.schedule();
  }

  private async forgetSessions(): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [this.terms.forgottenBefore(await this.slowerClock.now()), batchSize],
    );
    return count;
  }
}

async function inBatches(forget: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await forget();
    total += count;
    if (count < batchSize) return total;
  }
}
