import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { LimitStore } from './limit-store.js';
import type { StoredClaim, StoredState } from './limit-store.js';

/** Counts in the table `limit_states`, with one statement for all claims. Its clock is that of PostgreSQL. */
@Injectable()
export class PostgresLimitStore extends LimitStore {
  constructor(private readonly database: Database) {
    super();
  }

  async take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]> {
    // Outside of the transaction of the caller, because the rejection of the attempt rolls it back.
    return this.database.statement<StoredState>(TAKE, [
      claims.map(({ id }) => id),
      claims.map(({ emission }) => emission),
      claims.map(({ capacity }) => capacity),
      claims.map(({ refund }) => refund),
    ]);
  }

  async giveBack(refunds: readonly Pick<StoredClaim, 'id' | 'refund'>[]): Promise<void> {
    await this.database.statement(GIVE_BACK, [refunds.map(({ id }) => id), refunds.map(({ refund }) => refund)]);
  }

  /** Deletes full limits. Returns their number. */
  async deleteFull(limit: number): Promise<number> {
    const [row] = await this.database.statement<{ count: number }>(DELETE_FULL, [limit]);
    return row!.count;
  }
}

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

// Every statement locks rows in the order of their ids, so that none waits for another in a circle. A conflicting row
// is read again after its lock, so the WHERE of DO UPDATE decides with the newest state. The result is float8, because
// the driver returns a bigint as a string.
const TAKE = `
  WITH clock AS MATERIALIZED (SELECT ${NOW} AS now),
  claims AS MATERIALIZED (
    SELECT c.id, c.emission, c.capacity, c.refund, c.number, clock.now,
      greatest(coalesce(s.full_at, 0) - c.refund, clock.now) AS full_at
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
      WITH ORDINALITY AS c (id, emission, capacity, refund, number)
    CROSS JOIN clock LEFT JOIN limit_states s USING (id)
  ),
  taken AS (
    INSERT INTO limit_states AS s (id, full_at)
    SELECT id, now + emission FROM claims
    WHERE NOT EXISTS (SELECT FROM claims WHERE full_at + emission > now + capacity)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET full_at = (
      SELECT greatest(s.full_at - c.refund, c.now) + c.emission FROM claims c WHERE c.id = s.id)
    WHERE (SELECT greatest(s.full_at - c.refund, c.now) + c.emission <= c.now + c.capacity
           FROM claims c WHERE c.id = s.id)
    RETURNING id, full_at
  )
  SELECT taken.id IS NOT NULL AS "isTaken", (coalesce(taken.full_at, claims.full_at) - now)::float8 AS debt
  FROM claims LEFT JOIN taken USING (id) ORDER BY number`;

const GIVE_BACK = `
  WITH refunds AS (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS r (id, refund)),
  locked AS MATERIALIZED (SELECT s.id FROM limit_states s JOIN refunds USING (id) ORDER BY s.id FOR UPDATE OF s)
  UPDATE limit_states s SET full_at = s.full_at - r.refund FROM refunds r JOIN locked USING (id) WHERE s.id = r.id`;

// It skips locked rows, because it locks in the order of the scan.
const DELETE_FULL = `
  WITH deleted AS (
    DELETE FROM limit_states WHERE id IN (
      SELECT id FROM limit_states WHERE full_at < ${NOW} LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id
  ) SELECT count(*)::int AS count FROM deleted`;
