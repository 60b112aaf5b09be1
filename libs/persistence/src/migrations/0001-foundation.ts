import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of users, signing keys, sessions, passwords, revocations, and the instance. */
export class Foundation1764000000000 implements MigrationInterface {
  // The database records this name, so a minifier must not change it.
  readonly name = 'Foundation1764000000000';

  /** Creates the tables. */
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  /** Drops the tables with all data. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'DROP TABLE instance, revocation_cursor, revocations, password_credentials, sessions, signing_keys, users',
    );
  }
}

// A table with an entity has only the constraints that the entity declares. Otherwise, a migration that TypeORM
// generates for a team's entities would drop the constraints. test/repository/schema.e2e-spec.ts compares them.
const STATEMENTS = [
  `CREATE TABLE users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY,
    email varchar(320) NOT NULL CONSTRAINT users_email_key UNIQUE,
    email_verified_at timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE signing_keys (
    kid varchar(64) CONSTRAINT signing_keys_pkey PRIMARY KEY,
    alg varchar(16) NOT NULL,
    purpose varchar(16) NOT NULL DEFAULT 'access',
    public_jwk jsonb NOT NULL,
    private_encrypted bytea,
    secret_id varchar(64),
    announced_at timestamptz NOT NULL,
    active_at timestamptz NOT NULL,
    retired_at timestamptz,
    gone_at timestamptz,
    killed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE sessions (
    id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    seed bytea NOT NULL,
    generation integer NOT NULL,
    user_agent varchar(512),
    ip_address varchar(64),
    amr jsonb NOT NULL,
    authenticated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL,
    rotated_at timestamptz,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_reason varchar(32)
  )`,
  'CREATE INDEX sessions_user_id_idx ON sessions (user_id)',
  'CREATE INDEX sessions_expires_at_idx ON sessions (expires_at)',
  `CREATE TABLE password_credentials (
    user_id uuid CONSTRAINT password_credentials_pkey PRIMARY KEY
      CONSTRAINT "FK_9b6358b8110bfd9267608e85e0d" REFERENCES users ON DELETE CASCADE,
    hash text NOT NULL,
    changed_at timestamptz NOT NULL
  )`,
  `CREATE TABLE revocations (
    id uuid CONSTRAINT revocations_pkey PRIMARY KEY,
    seq bigint CONSTRAINT revocations_seq_key UNIQUE,
    kind varchar(16) NOT NULL
      CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'subject', 'client', 'token', 'key')),
    target varchar(255) NOT NULL,
    before timestamptz,
    reason varchar(32) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
  )`,
  'CREATE INDEX revocations_expires_at_idx ON revocations (expires_at)',
  // Replicas search for the few revocations without a sequence number at each poll.
  'CREATE INDEX revocations_unordered_idx ON revocations (created_at) WHERE seq IS NULL',
  `CREATE TABLE revocation_cursor (
    one boolean CONSTRAINT revocation_cursor_pkey PRIMARY KEY DEFAULT true
      CONSTRAINT revocation_cursor_one_check CHECK (one),
    seq bigint NOT NULL
  )`,
  'INSERT INTO revocation_cursor (one, seq) VALUES (true, 0)',
  `CREATE TABLE instance (
    name varchar(64) CONSTRAINT instance_pkey PRIMARY KEY,
    value text NOT NULL
  )`,
];
