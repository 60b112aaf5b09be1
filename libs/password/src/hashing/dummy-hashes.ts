import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { InstanceSecret } from 'postern/tokens';
import { PasswordHasher } from './password-hasher.js';

/** So many accounts represent all: the share of each cost is right within a few hundredths. */
const SAMPLE_SIZE = 1024;
const REFRESH_SECONDS = 30;
/** 48 bits, which a number holds exactly. */
const POSITION_BYTES = 6;

interface SampledHash {
  readonly position: number;
  readonly hash: string;
}

/**
 * The hash by which a failed login without an account costs what one with an account costs.
 *
 * Accounts have hashes of several costs after the parameters were changed. So each account name without a hash is bound to an
 * account that has one, by a keyed hash: it costs what that account costs, on every replica, and changes its cost only when that
 * account does. Nobody without the instance secret can compute which one. The accounts are a sample that is always
 * the same and follows the table: those whose ids have the lowest hashes.
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
    await this.hashOfToday();
  }

  /** The stored hash of another account, always of the same one; a hash of today's cost while nothing is stored. */
  async hashFor(account: string): Promise<string> {
    // The clock may have been set back.
    if (Math.abs(this.clock.now() - this.refreshedAt) > REFRESH_SECONDS * 1000) void this.refresh();
    const next = successorOf(this.positionOf(account), this.sample);
    return next?.hash ?? this.hashOfToday();
  }

  private hashOfToday(): Promise<string> {
    if (this.fallback) return this.fallback;
    const made = this.hasher.hash(randomBytes(32).toString('base64url'));
    made.catch(() => (this.fallback = undefined));
    return (this.fallback = made);
  }

  private async refresh(): Promise<void> {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      const rows = await this.read();
      this.sample = rows
        .map(({ user_id: id, hash }) => ({ position: this.positionOf(id), hash }))
        .sort((one, other) => one.position - other.position);
    } catch (error) {
      this.logger.warn(
        `The sample of stored hashes was not refreshed: ${error instanceof Error ? error.name : 'unknown error'}`,
      );
    } finally {
      this.refreshedAt = this.clock.now();
      this.isRefreshing = false;
    }
  }

  private read(): Promise<{ user_id: string; hash: string }[]> {
    // A caller may be inside a transaction, which must not wait for this.
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

/** The first at this position or behind it, and the very first behind the last. */
function successorOf(position: number, sample: readonly SampledHash[]): SampledHash | undefined {
  let [low, high] = [0, sample.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sample[middle]!.position < position) low = middle + 1;
    else high = middle;
  }
  return sample[low] ?? sample[0];
}
