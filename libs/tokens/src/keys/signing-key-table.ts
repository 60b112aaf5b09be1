import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database, ON_PRIMARY } from 'postern/persistence';
import { DataSource, IsNull, MoreThan, Not, Raw } from 'typeorm';
import type { Repository } from 'typeorm';
import type { NewKey } from 'postern/jws';
import { PrivateKeyEncryption } from './private-key-encryption.js';
import { SigningKey } from './signing-key.entity.js';

/** The channel on which PostgreSQL notifies every replica of changed keys. */
export const KEYS_CHANNEL = 'postern_keys';

/** A standby may not have the latest created and killed keys. */
const onPrimary = Raw(() => ON_PRIMARY);

// A random number, because advisory locks of all applications share one number space.
const LOCK = '5710392846113';

/** The table `signing_keys`, and the lock that every change requires. */
@Injectable()
export class SigningKeyTable {
  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
    private readonly vault: PrivateKeyEncryption,
    private readonly clock: Clock,
  ) {}

  /** The keys of the ring that are not gone, as committed, independently of the caller's transaction. */
  living(): Promise<SigningKey[]> {
    const goneAt = [IsNull(), MoreThan(new Date(this.clock.now()))];
    return this.database.withReservedConnection(() =>
      this.dataSource.getRepository(SigningKey).find({
        where: goneAt.map((gone) => ({ kid: onPrimary, purpose: 'access' as const, killedAt: IsNull(), goneAt: gone })),
        order: { activeAt: 'ASC' },
      }),
    );
  }

  /** The ids of all killed keys. */
  async killedIds(): Promise<ReadonlySet<string>> {
    const rows = await this.database.withReservedConnection(() =>
      this.dataSource
        .getRepository(SigningKey)
        .find({ select: { kid: true }, where: { kid: onPrimary, killedAt: Not(IsNull()) } }),
    );
    return new Set(rows.map(({ kid }) => kid));
  }

  /**
   * Runs the work in a transaction that holds the lock, and notifies all replicas at the commit.
   *
   * @param work receives the time at which the lock was acquired
   * @param then runs in this replica after the commit, before the call resolves
   */
  exclusively<T>(work: (now: Date) => Promise<T>, then: () => Promise<void>): Promise<T> {
    return this.database.transaction(async () => {
      await this.database.manager.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const result = await work(new Date(this.clock.now()));
      await this.database.manager.query('SELECT pg_notify($1, $2)', [KEYS_CHANNEL, '']);
      this.database.afterCommit(then);
      return result;
    });
  }

  /** The current time in epoch milliseconds. */
  now(): number {
    return this.clock.now();
  }

  /** All rows, the newest first. */
  all(): Promise<SigningKey[]> {
    return this.rows.find({ order: { activeAt: 'DESC' } });
  }

  /** All rows of the ring, as the current transaction sees them. */
  ring(): Promise<SigningKey[]> {
    return this.database.withReservedConnection(() =>
      this.rows.find({ where: { purpose: 'access' }, order: { activeAt: 'ASC' } }),
    );
  }

  find(kid: string): Promise<SigningKey | null> {
    return this.rows.findOneBy({ kid });
  }

  /** Inserts a new key with its encrypted private key. */
  async add(alg: SigningKey['alg'], key: NewKey, announcedAt: Date, activeAt: Date): Promise<SigningKey> {
    const row = this.rows.create({
      kid: key.kid,
      alg,
      purpose: 'access',
      publicJwk: key.publicJwk,
      ...this.vault.wrap(key.kid, key.material),
      announcedAt,
      activeAt,
      retiredAt: null,
      goneAt: null,
      killedAt: null,
      createdAt: announcedAt,
    });
    await this.rows.insert(row);
    return row;
  }

  /** Inserts a killed key of a signer or of the configuration. */
  async addKilled(key: Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'>, now: Date): Promise<SigningKey> {
    const instants = { announcedAt: now, activeAt: now, retiredAt: now, goneAt: now, killedAt: now, createdAt: now };
    const row = this.rows.create({ ...key, ...instants, purpose: 'external', privateEncrypted: null, secretId: null });
    await this.rows.insert(row);
    return row;
  }

  /** Updates instants of a key. */
  async change(kid: string, changes: Partial<Pick<SigningKey, 'activeAt' | 'retiredAt' | 'goneAt' | 'killedAt'>>) {
    await this.rows.update({ kid }, changes);
  }

  /** Encrypts the private key under the current secret. Empty material erases it. */
  async rewrap(kid: string, material: Buffer): Promise<void> {
    await this.rows.update({ kid }, this.vault.wrap(kid, material));
  }

  private get rows(): Repository<SigningKey> {
    return this.database.manager.getRepository(SigningKey);
  }
}
