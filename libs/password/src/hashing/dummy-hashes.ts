import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { InstanceSecret } from 'postern/tokens';
import { PasswordHasher } from './password-hasher.js';

/** A sample of this size has each hashing cost in the right share, within a few hundredths. */
const SAMPLE_SIZE = 1024;
const REFRESH_SECONDS = 30;
/** A JavaScript number holds 48 bits exactly. */
const POSITION_BYTES = 6;

interface SampledHash {
  readonly position: number;
  readonly hash: string;
}

/**
 * Selects the stored hash that a login verifies if the account does not exist, so that both logins cost the same.
 *
 * After the parameters have changed, accounts have hashes of several costs. An HMAC therefore maps each unknown name to
 * an existing account. The name costs what that account costs on every replica, and its cost changes only when that
 * account changes. An attacker without the instance secret cannot compute the mapping. The sample consists of the
 * accounts whose ids have the lowest hashes, so every replica reads the same sample.
 */
@Injectable()
export class DummyHashes implements OnModuleInit {
  private readonly logger = new Logger(DummyHashes.name);
  private sample: readonly SampledHash[] = [];
  private refreshedAt = -Infinity;
  private isRefreshing = false;
  private fallback: Promise<string> | undefined;

  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly secret: InstanceSecret,
    private readonly clock: Clock,
  ) {}

  /** Reads the sample before the first login can fail. */
  async onModuleInit(): Promise<void> {
    await this.refresh();
    await this.currentCostHash();
  }

  /** Returns the stored hash of the mapped account; a hash of the current cost if the table is empty. */
  async hashFor(account: string): Promise<string> {
    // The clock may have been set back.
    if (Math.abs(this.clock.now() - this.refreshedAt) > REFRESH_SECONDS * 1000) void this.refresh();
    const next = successorOf(this.positionOf(account), this.sample);
    return next?.hash ?? this.currentCostHash();
  }

  private currentCostHash(): Promise<string> {
    if (this.fallback) return this.fallback;
    const fallback = this.hasher.hash(randomBytes(32).toString('base64url'));
    fallback.catch(() => (this.fallback = undefined));
    return (this.fallback = fallback);
  }

  private async refresh(): Promise<void> {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      const rows = await this.read();
      this.sample = rows
        .map(({ user_id: id, hash }) => ({ position: this.positionOf(id), hash }))
        .sort((left, right) => left.position - right.position);
    } catch (error) {
      this.logger.warn(
        `Refreshing the sample of stored hashes failed, will retry: ${error instanceof Error ? error.name : 'unknown error'}`,
      );
    } finally {
      this.refreshedAt = this.clock.now();
      this.isRefreshing = false;
    }
  }

  private read(): Promise<{ user_id: string; hash: string }[]> {
    // The transaction of a caller must not wait for this query.
    return this.database.independently(() =>
      this.database.manager.query(
        `SELECT user_id, hash FROM password_credentials ORDER BY uuid_hash_extended(user_id, 0) LIMIT ${SAMPLE_SIZE}`,
      ),
    );
  }

  private positionOf(name: string): number {
    return createHmac('sha256', this.secret.derive('dummy-hash')).update(name).digest().readUIntBE(0, POSITION_BYTES);
  }
}

/** Returns the first entry at or after the position, and the first of all after the last position. */
function successorOf(position: number, sample: readonly SampledHash[]): SampledHash | undefined {
  let [low, high] = [0, sample.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sample[middle]!.position < position) low = middle + 1;
    else high = middle;
  }
  return sample[low] ?? sample[0];
}
