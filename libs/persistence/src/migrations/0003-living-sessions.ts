import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the living sessions of a user without reading those that have ended, of which a user may have many more. */
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
