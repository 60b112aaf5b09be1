import { Injectable } from '@nestjs/common';
import { Database, PeriodicCleanup } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { SessionExpiry } from './session-expiry.js';

/** Deletes each session that ended or expired before the retention period. */
@Injectable()
export class SessionCleanup extends PeriodicCleanup {
  constructor(
    private readonly database: Database,
    private readonly terms: SessionExpiry,
    private readonly earliestClock: EarliestClock,
  ) {
    super();
  }

  sweep(): Promise<number> {
    return this.inBatches((limit) => this.deleteSessions(limit));
  }

  private async deleteSessions(limit: number): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [this.terms.forgottenBefore(await this.earliestClock.now()), limit],
    );
    return count;
  }
}
