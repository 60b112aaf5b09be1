import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns that Acme adds to the table of users. */
export class EmployeeColumns1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TYPE employment AS ENUM ('active', 'on-leave', 'left')`);
    await runner.query(`ALTER TABLE users
      ADD cost_centre varchar(12) NOT NULL DEFAULT 'CC-1',
      ADD nickname varchar(40),
      ADD badge varchar(8) CONSTRAINT users_badge_key UNIQUE,
      ADD employment employment NOT NULL DEFAULT 'active',
      ADD clearance integer NOT NULL DEFAULT 0,
      ADD iban varchar(34)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users
      DROP cost_centre, DROP nickname, DROP badge, DROP employment, DROP clearance, DROP iban`);
    await runner.query('DROP TYPE employment');
  }
}
