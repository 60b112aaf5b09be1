import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index of the active sessions of a user, because a user may have many ended sessions. */
export class LivingSessions1795888000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX sessions_user_id_ended_at_idx ON sessions (user_id, ended_at)');
    await runner.query('DROP INDEX sessions_user_id_idx');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX sessions_user_id_idx ON sessions (user_id)');
    await runner.query('DROP INDEX sessions_user_id_ended_at_idx');
  }
}
