import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database, ON_PRIMARY } from 'postern/persistence';
import { DataSource, IsNull, MoreThan, Not, Raw } from 'typeorm';
import type { Repository } from 'typeorm';
import type { NewKey } from 'postern/jws';
import { PrivateKeyEncryption } from './private-key-encryption.js';
import { SigningKey } from './signing-key.entity.js';

/** The channel on which PostgreSQL tells every replica that the keys have changed. */
export const KEYS_CHANNEL = 'postern_keys';

/** A replica that reads the keys of a standby does not know those that were made or killed since. */
const onPrimary = Raw(() => ON_PRIMARY);

// Advisory locks share one space of numbers: a number by chance keeps clear of other users of it.
const LOCK = '5710392846113';

/** The table of the keys, and the lock under which alone it is changed. */
@Injectable()
export class SigningKeyTable {
  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
    private readonly vault: PrivateKeyEncryption,
    private readonly clock: Clock,
  ) {}

  /**
   * The keys of the ring that are not gone; as committed, whatever transaction the caller is in.
   */
  living(): Promise<SigningKey[]> {
    const goneAt = [IsNull(), MoreThan(new Date(this.clock.now()))];
    return this.database.withReservedConnection(() =>
      this.dataSource.getRepository(SigningKey).find({
        where: goneAt.map((gone) => ({ kid: onPrimary, purpose: 'access' as const, killedAt: IsNull(), goneAt: gone })),
        order: { activeAt: 'ASC' },
      }),
    );
  }

  /** The ids of every key that was ever killed. */
  async killedIds(): Promise<ReadonlySet<string>> {
    const rows = await this.database.withReservedConnection(() =>
      this.dataSource
        .getRepository(SigningKey)
        .find({ select: { kid: true }, where: { kid: onPrimary, killedAt: Not(IsNull()) } }),
    );
    return new Set(rows.map(({ kid }) => kid));
  }

  /**
   * Does the work in a transaction in which no other replica changes a key, and tells all of them afterwards.
   *
   * @param work gets the time, taken under the lock
   * @param then done in this replica after the commit, before the call resolves
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

  /** The present instant, in milliseconds since the epoch. */
  now(): number {
    return this.clock.now();
  }

  /** Every row, the newest first. */
  all(): Promise<SigningKey[]> {
    return this.rows.find({ order: { activeAt: 'DESC' } });
  }

  /** Every row of the ring, as the transaction sees it. */
  ring(): Promise<SigningKey[]> {
    return this.database.withReservedConnection(() =>
      this.rows.find({ where: { purpose: 'access' }, order: { activeAt: 'ASC' } }),
    );
  }

  find(kid: string): Promise<SigningKey | null> {
    return this.rows.findOneBy({ kid });
  }

  /** Writes a new key, its private half wrapped. */
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

  /** Writes that a key which lives elsewhere is dead. */
  async addKilled(key: Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'>, now: Date): Promise<SigningKey> {
    const instants = { announcedAt: now, activeAt: now, retiredAt: now, goneAt: now, killedAt: now, createdAt: now };
    const row = this.rows.create({ ...key, ...instants, purpose: 'external', privateEncrypted: null, secretId: null });
    await this.rows.insert(row);
    return row;
  }

  /** Changes instants of a key. */
  async change(kid: string, changes: Partial<Pick<SigningKey, 'activeAt' | 'retiredAt' | 'goneAt' | 'killedAt'>>) {
    await this.rows.update({ kid }, changes);
  }

  /** Writes the private half anew: under the current secret, or none at all. */
  async rewrap(kid: string, material: Buffer): Promise<void> {
    await this.rows.update({ kid }, this.vault.wrap(kid, material));
  }

  private get rows(): Repository<SigningKey> {
    return this.database.manager.getRepository(SigningKey);
  }
}
