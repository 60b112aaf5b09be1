import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { LimitStore } from './limit-store.js';
import type { StoredClaim, StoredState } from './limit-store.js';

/** Counts in the table `limit_states`, with one statement for all limits of an attempt. Its clock is that of PostgreSQL. */
@Injectable()
export class PostgresLimitStore extends LimitStore {
  constructor(private readonly database: Database) {
    super();
  }

  async take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]> {
    // Outside of the transaction of the caller, because the rejection of the attempt rolls it back.
    // In one order everywhere: no two calls wait for each other's rows.
    const sorted = claims.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const [row] = await this.database.statement<{ states: string }>(TAKE, [
      arrayOf(sorted.map(({ id }) => id)),
      arrayOf(sorted.map(({ emission }) => emission)),
      arrayOf(sorted.map(({ capacity }) => capacity)),
      arrayOf(sorted.map(({ refund }) => refund)),
    ]);
    const states = row!.states.split(',').map((text) => text.split(' '));
    return claims.map((claim) => {
      const [isTaken, debt] = states[sorted.indexOf(claim)]!;
      // Numbers, because the driver returns texts: "10" + 1 would be "101".
      return { isTaken: isTaken === '1', debt: Number(debt) };
    });
  }

  async giveBack(refunds: readonly Pick<StoredClaim, 'id' | 'refund'>[]): Promise<void> {
    await this.database.statement(GIVE_BACK, [
      arrayOf(refunds.map(({ id }) => id)),
      arrayOf(refunds.map(({ refund }) => refund)),
    ]);
  }

  /** Deletes full limits. Returns their number. */
  async deleteFull(limit: number): Promise<number> {
    const [row] = await this.database.statement<{ count: number }>(DELETE_FULL, [limit]);
    return row!.count;
  }
}

/** Of hex digits and numbers, which need no quotes. */
const arrayOf = (values: readonly (string | number)[]): string => `{${values.join(',')}}`;

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

/** See the migration `0012-limits`. One text, because rows and arrays cost the driver more than the rest of an attempt. */
const TAKE = 'SELECT take_limits($1, $2, $3, $4) AS states';

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
