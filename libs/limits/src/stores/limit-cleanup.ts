import { Injectable, Optional } from '@nestjs/common';
import { Database, PeriodicCleanup } from 'postern/persistence';
import { CheckedLimitsSettings } from '../checked-limits-settings.js';
import { PostgresLimitStore } from './postgres-limit-store.js';

/** Deletes the rows of full limits from PostgreSQL. */
@Injectable()
export class LimitCleanup extends PeriodicCleanup {
  constructor(
    private readonly settings: CheckedLimitsSettings,
    @Optional() private readonly database?: Database,
  ) {
    super();
  }

  async sweep(): Promise<number> {
    // Keys in Redis expire.
    if (this.settings.redisUrl || this.database === undefined) return 0;
    const store = new PostgresLimitStore(this.database);
    return this.inBatches((limit) => store.deleteFull(limit));
  }
}
