import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { connectionPoolOf } from './connection-pool.js';

/** How long a result is reused. */
const FRESH_MILLISECONDS = 1000;
const TIMEOUT_MILLISECONDS = 2000;

/**
 * Checks whether the database answers. It sends at most one ping a second for all callers, and none while the database
 * answers other statements. It never uses the reserved connections.
 */
@Injectable()
export class DatabaseHealth {
  private result: { readonly isUp: boolean; readonly at: number } | undefined;
  private checking: Promise<boolean> | undefined;
  private ping: Promise<boolean> | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Whether the database has answered within the last second, or answers within two seconds. */
  async isUp(): Promise<boolean> {
    // Replicas read keys and revocations twice a second by default.
    const silent = connectionPoolOf(this.dataSource)?.silentMilliseconds ?? Number.POSITIVE_INFINITY;
    if (silent < FRESH_MILLISECONDS) return true;
    if (this.result && performance.now() - this.result.at < FRESH_MILLISECONDS) return this.result.isUp;
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async check(): Promise<boolean> {
    // A hanging ping occupies one connection of the pool; another ping would occupy a second one.
    this.ping ??= this.sendPing().finally(() => (this.ping = undefined));
    const isUp = await Promise.race([this.ping, delay(TIMEOUT_MILLISECONDS, false, { ref: false })]);
    this.result = { isUp, at: performance.now() };
    return isUp;
  }

  private async sendPing(): Promise<boolean> {
    try {
      await this.dataSource.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}
