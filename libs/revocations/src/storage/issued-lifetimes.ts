import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';

/** A replica notes its lifetimes each minute or so; until this long after its last note it may have issued another token. */
const UNSEEN_SECONDS = 600;

/**
 * SQL for the longest life, in seconds, of the tokens that a revocation may concern, by what replicas have noted; NULL where
 * they have noted nothing.
 *
 * @param kind SQL for the kind of the revocation
 * @param now SQL for this instant
 */
export const longestNotedLife = (kind: string, now: string): string => `(
  SELECT max(seconds) FROM token_lifetimes l
  WHERE l.kind = CASE ${kind} WHEN 'session' THEN 'session' ELSE 'any' END
    AND l.issued_at + make_interval(secs => l.seconds + ${UNSEEN_SECONDS}) > ${now})`;

/**
 * How long the tokens live that are about. Replicas may have different settings, as while a new one is rolled out, and a
 * setting that was lowered shortens no token that is there: each replica notes in the database what it issues.
 */
@Injectable()
export class IssuedLifetimes {
  constructor(
    private readonly database: Database,
    private readonly terms: CheckedRevocationsSettings,
    private readonly earliestClock: EarliestClock,
  ) {}

  /** Notes that this replica issues tokens now, before it does and for as long as it does. */
  async note(): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO token_lifetimes AS l (kind, seconds, issued_at) VALUES ('any', ceil($1::float8), $3), ('session', ceil($2::float8), $3)
       ON CONFLICT (kind, seconds) DO UPDATE SET issued_at = greatest(l.issued_at, excluded.issued_at)`,
      [this.terms.longestLifeUnder('key'), this.terms.longestLifeUnder('session'), this.terms.now()],
    );
  }

  /** Forgets the lifetimes of which the last token has died. */
  async forgetPast(): Promise<void> {
    await this.database.manager.query(
      'DELETE FROM token_lifetimes WHERE issued_at + make_interval(secs => seconds + $1) < $2',
      [UNSEEN_SECONDS, await this.earliestClock.now()],
    );
  }
}
