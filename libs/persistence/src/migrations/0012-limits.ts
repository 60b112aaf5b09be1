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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE limit_states');
  }
}
