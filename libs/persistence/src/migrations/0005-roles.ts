import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roles, the roles of users, and the entries that distribute them to the verifiers. */
export class Roles1796130000000 implements MigrationInterface {
  readonly name = 'Roles1796130000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_roles, roles');
    await runner.query('DROP SEQUENCE role_versions');
    await runner.query(`DELETE FROM revocations WHERE kind IN ('role', 'role-permissions')`);
    await runner.query('ALTER TABLE revocations DROP COLUMN permissions, DROP COLUMN version');
    await runner.query('ALTER TABLE revocations DROP CONSTRAINT revocations_kind_check');
    await runner.query(`ALTER TABLE revocations ADD CONSTRAINT revocations_kind_check
      CHECK (kind IN ('session', 'subject', 'client', 'token', 'key'))`);
  }
}

const STATEMENTS = [
  `CREATE TABLE roles (
    name varchar(64) CONSTRAINT roles_pkey PRIMARY KEY,
    description varchar(255) NOT NULL,
    permissions jsonb NOT NULL,
    includes jsonb NOT NULL,
    is_system boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  // A role that is deleted and created again must not repeat a version.
  'CREATE SEQUENCE role_versions AS integer',
  `CREATE TABLE user_roles (
    user_id uuid NOT NULL CONSTRAINT user_roles_user_id_fkey REFERENCES users ON DELETE CASCADE,
    role varchar(64) NOT NULL CONSTRAINT user_roles_role_fkey REFERENCES roles ON DELETE CASCADE,
    granted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role)
  )`,
  'CREATE INDEX user_roles_role_idx ON user_roles (role)',
  'ALTER TABLE revocations ADD COLUMN permissions jsonb, ADD COLUMN version integer',
  `CREATE INDEX revocations_role_idx ON revocations (target, version)
    WHERE kind IN ('role', 'role-permissions')`,
  'ALTER TABLE revocations DROP CONSTRAINT revocations_kind_check',
  `ALTER TABLE revocations ADD CONSTRAINT revocations_kind_check
    CHECK (kind IN ('session', 'subject', 'client', 'token', 'key', 'role', 'role-permissions'))`,
];
