import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A sign-in on one device. A session is one row; a token has no row. */
@Entity('sessions')
@Index('sessions_user_id_ended_at_idx', ['userId', 'endedAt'])
// TypeORM cannot express this partial index of the migrations, and would drop it if it did not know its name.
@Index('sessions_living_idx', { synchronize: false })
export class Session {
  /** UUID v7; the `sid` of the access tokens. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  @ForeignKey('users', { name: 'sessions_user_id_fkey', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  /** 32 random bytes: an input of the tag of each refresh token. */
  @Column({ type: 'bytea' })
  seed!: Buffer;

  /** The number of refreshes: the generation of the one current refresh token. */
  @Column({ type: 'integer' })
  generation!: number;

  @Column({ name: 'user_agent', type: 'varchar', length: 512, nullable: true })
  userAgent!: string | null;

  @Column({ name: 'ip_address', type: 'varchar', length: 64, nullable: true })
  ipAddress!: string | null;

  /** The authentication methods of the login, as values of RFC 8176. */
  @Column({ type: 'jsonb' })
  amr!: string[];

  @Column({ name: 'authenticated_at', type: 'timestamptz' })
  authenticatedAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz' })
  lastUsedAt!: Date;

  /** When the current refresh token replaced the previous one, by the clock of the database. */
  @Column({ name: 'rotated_at', type: 'timestamptz', nullable: true })
  rotatedAt!: Date | null;

  @Index('sessions_expires_at_idx')
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;

  @Column({ name: 'ended_reason', type: 'varchar', length: 32, nullable: true })
  endedReason!: string | null;
}
