import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A role: a named set of permissions that users can have. */
@Entity('roles')
export class Role {
  /** Lower case, digits, and hyphens; the value in the claim `roles`. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'roles_pkey' })
  name!: string;

  /** The purpose of the role, for administrators. */
  @Column({ type: 'varchar', length: 255 })
  description!: string;

  /** The own permissions of the role, without those of included roles. `*` means all. */
  @Column({ type: 'jsonb' })
  permissions!: string[];

  /** The names of roles whose permissions this role has as well. */
  @Column({ type: 'jsonb' })
  includes!: string[];

  /** Whether Postern needs the role, so that it cannot be changed or deleted. */
  @Column({ name: 'is_system', type: 'boolean', default: false })
  isSystem!: boolean;

  /** Rises with each change of the permissions that the role has, also through included roles. */
  @Column({ type: 'integer', default: 0 })
  version!: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
