import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';

/** A replica records its lifetimes about once a minute. It may issue tokens for this long after its last record. */
const MAX_RECORD_AGE_SECONDS = 600;

/**
 * SQL for the longest recorded lifetime, in seconds, of the tokens that a revocation may concern; NULL if no replica
 * has recorded one.
 *
 * @param kind SQL for the kind of the revocation
 * @param now SQL for the current time
 */
export const longestRecordedLifetime = (kind: string, now: string): string => `(
  SELECT max(seconds) FROM token_lifetimes l
  WHERE l.kind = CASE ${kind} WHEN 'session' THEN 'session' ELSE 'any' END
    AND l.issued_at + make_interval(secs => l.seconds + ${MAX_RECORD_AGE_SECONDS}) > ${now})`;

/**
 * The lifetimes of the tokens that all replicas issue. Replicas may differ in their settings during a deployment, and a
 * lower setting does not shorten issued tokens: each replica records its lifetimes in the database.
 */
@Injectable()
export class IssuedLifetimes {
  constructor(
    private readonly database: Database,
    private readonly terms: CheckedRevocationsSettings,
    private readonly earliestClock: EarliestClock,
  ) {}

  /** Records the lifetimes of this replica: before it issues its first token, and then about once a minute. */
  async record(): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO token_lifetimes AS l (kind, seconds, issued_at)
       VALUES ('any', ceil($1::float8), $3), ('session', ceil($2::float8), $3)
       ON CONFLICT (kind, seconds) DO UPDATE SET issued_at = greatest(l.issued_at, excluded.issued_at)`,
      [this.terms.longestLifeUnder('key'), this.terms.longestLifeUnder('session'), this.terms.now()],
    );
  }

  /** Deletes a lifetime after its last token has expired. */
  async deleteExpired(): Promise<void> {
    await this.database.manager.query(
      'DELETE FROM token_lifetimes WHERE issued_at + make_interval(secs => seconds + $1) < $2',
      [MAX_RECORD_AGE_SECONDS, await this.earliestClock.now()],
    );
  }
}
