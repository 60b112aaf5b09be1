import type { JwtAlgorithm } from 'postern/auth';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PublicJwk } from 'postern/jws';

/**
 * A key of the ring. Its state follows from its instants and the time, so no replica has to act at a certain moment.
 *
 * A row of the purpose `external` is a key that lives elsewhere and was killed.
 */
@Entity('signing_keys')
export class SigningKey {
  @PrimaryColumn({ length: 64 })
  kid!: string;

  @Column('varchar', { length: 16 })
  alg!: JwtAlgorithm;

  @Column('varchar', { length: 16, default: 'access' })
  purpose!: 'access' | 'external';

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: PublicJwk;

  /** Wrapped by the {@link PrivateKeyEncryption}; after the key's last signature an empty wrap, which proves that the key is ours. */
  @Column('bytea', { name: 'private_encrypted', nullable: true })
  privateEncrypted!: Buffer | null;

  /** Which instance secret wrapped the private half. */
  @Column('varchar', { name: 'secret_id', length: 64, nullable: true })
  secretId!: string | null;

  @Column('timestamptz', { name: 'announced_at' })
  announcedAt!: Date;

  @Column('timestamptz', { name: 'active_at' })
  activeAt!: Date;

  @Column('timestamptz', { name: 'retired_at', nullable: true })
  retiredAt!: Date | null;

  @Column('timestamptz', { name: 'gone_at', nullable: true })
  goneAt!: Date | null;

  @Column('timestamptz', { name: 'killed_at', nullable: true })
  killedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
