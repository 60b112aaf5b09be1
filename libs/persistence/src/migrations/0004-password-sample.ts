import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index of a stable sample of the stored passwords, so that the sample does not need a table scan. */
export class PasswordSample1796100187000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX password_credentials_sample_idx ON password_credentials (uuid_hash_extended(user_id, 0))',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX password_credentials_sample_idx');
  }
}
