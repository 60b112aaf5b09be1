import { RelatedColumn } from 'postern/users';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The password hash of a user. A separate table keeps the hash out of every serialised user. */
@Entity('password_credentials')
export class PasswordCredential {
  /** The id of the user (UUID). */
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  @ForeignKey('users', { onDelete: 'CASCADE' })
  userId!: string;

  /** The hash in the format of the hasher; PHC for argon2id. */
  @Column({ name: 'hash', type: 'text' })
  hash!: string;

  /** When the user last chose a password. A rehash does not count. */
  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}

/** The hash column, for queries that read a user and the hash together. */
export const passwordHash = new RelatedColumn('password_credentials', 'hash');
