import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for the list of users by e-mail address and by whether the address is verified. */
export class VerifiedEmails1796138000000 implements MigrationInterface {
  readonly name = 'VerifiedEmails1796138000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX users_verified_email_idx ON users (email COLLATE "C") WHERE email_verified_at IS NOT NULL',
    );
    await runner.query(
      'CREATE INDEX users_unverified_email_idx ON users (email COLLATE "C") WHERE email_verified_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_unverified_email_idx, users_verified_email_idx');
  }
}
