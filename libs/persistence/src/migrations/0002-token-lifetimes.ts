import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How long the access tokens live that replicas issue and have issued: a setting that was lowered shortens no token.
 */
export class TokenLifetimes1795783500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE token_lifetimes (
      kind varchar(16) NOT NULL CONSTRAINT token_lifetimes_kind_check CHECK (kind IN ('session', 'any')),
      seconds integer NOT NULL,
      issued_at timestamptz NOT NULL,
      CONSTRAINT token_lifetimes_pkey PRIMARY KEY (kind, seconds)
    )`);
    // Nobody has noted yet what was issued before: a day is the most that the guard accepts, unless it is told
    // otherwise.
    await runner.query(`INSERT INTO token_lifetimes (kind, seconds, issued_at)
      SELECT kind, 86400, now() FROM unnest(ARRAY['session', 'any']) AS kind WHERE EXISTS (SELECT FROM sessions)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token_lifetimes');
  }
}
