import { RelatedColumn } from 'postern/users';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** What proves a user's password. A table of its own, so that serialising a user can never tell a hash. */
@Entity('password_credentials')
export class PasswordCredential {
  /** Whose password; UUID. */
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  @ForeignKey('users', { onDelete: 'CASCADE' })
  userId!: string;

  /** The hash, in the hasher's own format; PHC for argon2id. */
  @Column({ name: 'hash', type: 'text' })
  hash!: string;

  /** When the user last chose a password. A rehash does not count. */
  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}

/** The hash, read together with its user. */
export const passwordHash = new RelatedColumn('password_credentials', 'hash');
