import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The counters of the limits: the instant, in microseconds since 1970, at which a limit is full again. A limit without
 * a row is full. The table is unlogged, because each login writes to it: a login must not wait for the disk while it
 * holds the row of a network. After a crash or a failover the table is empty: each limit starts at zero again and still
 * applies.
 */
export class Limits1796144000000 implements MigrationInterface {
  readonly name = 'Limits1796144000000';

  async up(runner: QueryRunner): Promise<void> {
    // No second index, and room on each page: updates then stay on their page and leave no work for the index.
    await runner.query(
      'CREATE UNLOGGED TABLE limit_states (id uuid PRIMARY KEY, full_at bigint NOT NULL) WITH (fillfactor = 50)',
    );
    await runner.query(TAKE_LIMITS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION take_limits');
    await runner.query('DROP TABLE limit_states');
  }
}

/**
 * Takes a point of each limit if every limit has one. The caller sorts the ids, so that no two calls wait for each
 * other in a circle. The first loop reads without locks and rejects. The second loop locks each row and reads it again,
 * so its WHERE decides with the newest state. A function, because PostgreSQL keeps its plans: as one statement it takes
 * five times as long.
 */
const TAKE_LIMITS = `
  CREATE FUNCTION take_limits(ids uuid[], emissions bigint[], capacities bigint[], refunds bigint[])
  RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    present bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    states bigint[] := '{}';
    is_allowed boolean := true;
    found_at bigint;
    reply text := '';
  BEGIN
    FOR i IN 1 .. cardinality(ids) LOOP
      SELECT full_at INTO found_at FROM limit_states WHERE id = ids[i];
      states[i] := greatest(coalesce(found_at, 0) - refunds[i], present);
      is_allowed := is_allowed AND states[i] + emissions[i] <= present + capacities[i];
    END LOOP;
    FOR i IN 1 .. cardinality(ids) LOOP
      found_at := NULL;
      IF is_allowed THEN
        INSERT INTO limit_states AS s VALUES (ids[i], present + emissions[i])
        ON CONFLICT (id) DO UPDATE SET full_at = greatest(s.full_at - refunds[i], present) + emissions[i]
        WHERE greatest(s.full_at - refunds[i], present) + emissions[i] <= present + capacities[i]
        RETURNING full_at INTO found_at;
      END IF;
      reply := concat(reply, (found_at IS NOT NULL)::int, ' ', coalesce(found_at, states[i]) - present, ',');
    END LOOP;
    RETURN reply;
  END $$`;
