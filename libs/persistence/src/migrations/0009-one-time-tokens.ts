import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The secrets of links in mails, stored as SHA-256. `holder` is the id of the user, or the address of a person without
 * an account: each holder has one token for a purpose.
 */
export class OneTimeTokens1796140000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE one_time_tokens (
        hash bytea PRIMARY KEY,
        purpose text NOT NULL,
        holder text NOT NULL,
        user_id uuid REFERENCES users ON DELETE CASCADE,
        email text NOT NULL,
        payload jsonb,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT one_time_tokens_purpose_holder_key UNIQUE (purpose, holder)
      )`);
    await runner.query('CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id)');
    await runner.query('CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE one_time_tokens');
  }
}
