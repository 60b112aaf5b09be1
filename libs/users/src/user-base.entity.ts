import { FromThisPackage } from 'postern/problem';
import { Column, CreateDateColumn, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/**
 * What Postern itself knows of a user, and no more: credentials, sessions and roles own tables of their own, so that
 * serialising a user can never leak a hash.
 *
 * A team extends it once and adds its fields; the subclass carries `@Entity('users')`, because the other tables point
 * at users by that name.
 *
 * @example
 * ```ts
 * @Entity('users')
 * export class Employee extends UserBase {
 *   /** The cost centre the employee books on. *\/
 *   @UserField({ write: 'admin', read: 'self', claim: 'cost_centre', example: 'CC-1042' })
 *   @Column({ name: 'cost_centre', type: 'varchar', length: 12, nullable: true })
 *   @Matches(/^CC-\d+$/)
 *   costCentre!: string | null;
 * }
 * ```
 */
@FromThisPackage()
export abstract class UserBase {
  /** UUID of version 7, made by the application; the `sub` of the user's tokens. */
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  /** In the form of {@link normalizeEmail}; unique. */
  @Column({ type: 'varchar', length: 320, unique: true })
  email!: string;

  /** When the user proved to read this address; null until then. */
  @Column({ name: 'email_verified_at', type: 'timestamptz', nullable: true })
  emailVerifiedAt!: Date | null;

  /** Since when the user may not sign in; null for a user in good standing. */
  @Column({ name: 'disabled_at', type: 'timestamptz', nullable: true })
  disabledAt!: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}

/** The properties of {@link UserBase}: Postern's own, and not to be declared again by a subclass. */
export const userBaseProperties: readonly (keyof UserBase)[] = [
  'id',
  'email',
  'emailVerifiedAt',
  'disabledAt',
  'createdAt',
  'updatedAt',
];
