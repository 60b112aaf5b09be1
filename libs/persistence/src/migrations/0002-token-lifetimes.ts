import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The lifetimes of issued access tokens: a lower setting does not shorten existing tokens. */
export class TokenLifetimes1795783500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE token_lifetimes (
      kind varchar(16) NOT NULL CONSTRAINT token_lifetimes_kind_check CHECK (kind IN ('session', 'any')),
      seconds integer NOT NULL,
      issued_at timestamptz NOT NULL,
      CONSTRAINT token_lifetimes_pkey PRIMARY KEY (kind, seconds)
    )`);
    // Lifetimes of earlier tokens are unknown. The guard accepts one day at most by default.
    await runner.query(`INSERT INTO token_lifetimes (kind, seconds, issued_at)
      SELECT kind, 86400, now() FROM unnest(ARRAY['session', 'any']) AS kind WHERE EXISTS (SELECT FROM sessions)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE token_lifetimes');
  }
}
