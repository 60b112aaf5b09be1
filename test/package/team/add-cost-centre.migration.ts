import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddCostCentre1764100000000 implements MigrationInterface {
  name = 'AddCostCentre1764100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users ADD COLUMN cost_centre varchar(12)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users DROP COLUMN cost_centre');
  }
}
