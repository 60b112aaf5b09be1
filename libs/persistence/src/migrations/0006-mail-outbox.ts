import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The mails that wait for a worker. `due_at` is the time of the next attempt, and during an attempt the end of its
 * lease. A sent mail stays only outside production.
 */
export class MailOutbox1796134000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox_mails (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        user_id uuid,
        content bytea NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        last_error text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        sent_at timestamptz
      )`);
    await runner.query('CREATE INDEX outbox_mails_due_idx ON outbox_mails (due_at) WHERE sent_at IS NULL');
    await runner.query('CREATE INDEX outbox_mails_sent_idx ON outbox_mails (sent_at) WHERE sent_at IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE outbox_mails');
  }
}
