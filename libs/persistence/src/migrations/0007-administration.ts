import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes of the lists for administrators: each page costs the same, however many rows the table has. */
export class Administration1796136000000 implements MigrationInterface {
  readonly name = 'Administration1796136000000';

  async up(runner: QueryRunner): Promise<void> {
    // Byte order: one index serves the order and the prefix, whatever the collation of the database is.
    await runner.query('CREATE INDEX users_email_bytes_idx ON users (email COLLATE "C")');
    await runner.query('CREATE INDEX users_disabled_idx ON users (id) WHERE disabled_at IS NOT NULL');
    await runner.query(
      'CREATE INDEX users_disabled_email_idx ON users (email COLLATE "C") WHERE disabled_at IS NOT NULL',
    );
    await runner.query('CREATE INDEX users_verified_idx ON users (id) WHERE email_verified_at IS NOT NULL');
    await runner.query('CREATE INDEX users_unverified_idx ON users (id) WHERE email_verified_at IS NULL');
    await runner.query('CREATE INDEX user_roles_role_user_id_idx ON user_roles (role, user_id)');
    await runner.query('DROP INDEX user_roles_role_idx');
    await runner.query('CREATE INDEX sessions_living_idx ON sessions (id) WHERE ended_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX sessions_living_idx');
    await runner.query('CREATE INDEX user_roles_role_idx ON user_roles (role)');
    await runner.query('DROP INDEX user_roles_role_user_id_idx');
    await runner.query(
      'DROP INDEX users_unverified_idx, users_verified_idx, users_disabled_email_idx, users_disabled_idx, users_email_bytes_idx',
    );
  }
}
