import { Injectable } from '@nestjs/common';
import { Clock, SystemClock } from 'postern/auth';
import { Database } from 'postern/persistence';

/**
 * The time by which what all replicas share is destroyed for good: of the machine's clock and the database's the one that is
 * behind. A replica whose clock has leapt ahead would otherwise destroy what the others still need. A {@link Clock} that a team
 * passes is taken at its word, unless it extends {@link SystemClock}.
 */
@Injectable()
export class EarliestClock {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** This moment, or one before it. */
  async now(): Promise<Date> {
    const own = this.clock.now();
    if (!(this.clock instanceof SystemClock)) return new Date(own);
    const [row] = await this.database.manager.query<{ now: number }[]>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
    );
    return new Date(Math.min(own, row!.now));
  }
}
