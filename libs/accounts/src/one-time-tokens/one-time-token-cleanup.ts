import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database, PeriodicCleanup } from 'postern/persistence';

/** Deletes expired one-time tokens. */
@Injectable()
export class OneTimeTokenCleanup extends PeriodicCleanup {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    super();
  }

  sweep(): Promise<number> {
    return this.inBatches(async (limit) => {
      const [, count] = await this.database.manager.query<[unknown, number]>(
        `DELETE FROM one_time_tokens WHERE hash IN (
           SELECT hash FROM one_time_tokens WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [new Date(this.clock.now()), limit],
      );
      return count;
    });
  }
}
