import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a user who requested the deletion of the account is deleted, and the invitations of new users. */
export class AccountDeletion1796142000000 implements MigrationInterface {
  readonly name = 'AccountDeletion1796142000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN deletion_at timestamptz');
    await runner.query('CREATE INDEX users_deletion_idx ON users (deletion_at) WHERE deletion_at IS NOT NULL');
    // An address has one invitation at most: a newer one replaces the older.
    await runner.query(`
      CREATE TABLE invitations (
        id uuid PRIMARY KEY,
        email varchar(320) NOT NULL CONSTRAINT invitations_email_key UNIQUE,
        roles jsonb NOT NULL,
        invited_by uuid NOT NULL CONSTRAINT invitations_invited_by_fkey REFERENCES users ON DELETE CASCADE,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX invitations_invited_by_idx ON invitations (invited_by)');
    await runner.query('CREATE INDEX invitations_expires_at_idx ON invitations (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE invitations');
    await runner.query('ALTER TABLE users DROP COLUMN deletion_at');
  }
}
