import type { JwtAlgorithm } from 'postern/auth';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PublicJwk } from 'postern/jws';

/**
 * A key of the ring. Its state follows from its instants and the time, so that no replica has to act at a certain time.
 *
 * A row of the purpose `external` is a killed key of a signer or of the configuration.
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

  /** The private key, encrypted by {@link PrivateKeyEncryption}. An erased key is an encrypted empty value. */
  @Column('bytea', { name: 'private_encrypted', nullable: true })
  privateEncrypted!: Buffer | null;

  /** The id of the instance secret that encrypted the private key. */
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
