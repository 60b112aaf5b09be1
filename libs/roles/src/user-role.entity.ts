import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A role of a user. */
@Entity('user_roles')
@Index('user_roles_role_user_id_idx', ['role', 'userId'])
export class UserRole {
  /** The id of the user (UUID). */
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'user_roles_pkey' })
  @ForeignKey('users', { name: 'user_roles_user_id_fkey', onDelete: 'CASCADE' })
  userId!: string;

  /** The name of the role. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'user_roles_pkey' })
  @ForeignKey('roles', { name: 'user_roles_role_fkey', onDelete: 'CASCADE' })
  role!: string;

  /** When the user got the role. */
  @Column({ name: 'granted_at', type: 'timestamptz', default: () => 'now()' })
  grantedAt!: Date;
}
