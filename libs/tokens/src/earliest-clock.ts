import { Injectable } from '@nestjs/common';
import { Clock, SystemClock } from 'postern/auth';
import { Database } from 'postern/persistence';

/**
 * The earlier of the machine's time and the database's time. It decides when shared data is destroyed, so that a
 * replica whose clock runs ahead does not destroy keys that other replicas still use. A custom {@link Clock} is used
 * alone, unless it extends {@link SystemClock}.
 */
@Injectable()
export class EarliestClock {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The earlier of the two times. */
  async now(): Promise<Date> {
    const own = this.clock.now();
    if (!(this.clock instanceof SystemClock)) return new Date(own);
    const [row] = await this.database.manager.query<{ now: number }[]>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
    );
    return new Date(Math.min(own, row!.now));
  }
}
