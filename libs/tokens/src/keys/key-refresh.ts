import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Database, OutageLog } from 'postern/persistence';
import type { NotificationListener } from 'postern/persistence';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.js';
import { KEYS_CHANNEL } from './signing-key-table.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

const SCHEDULE_MILLISECONDS = 5000;

/**
 * Keeps the key ring of this replica up to date: reads the keys when PostgreSQL notifies of a change, and at short
 * intervals in case a notification is lost.
 */
@Injectable()
export class KeyRefresh implements OnModuleInit, OnModuleDestroy {
  private readonly outage = new OutageLog(
    new Logger(KeyRefresh.name),
    'Failed to read the signing keys, will retry',
    'Reading the signing keys works again',
  );
  private timer?: NodeJS.Timeout;
  private turn?: Promise<void>;
  private listener?: NotificationListener;
  private scheduledAt = -Infinity;
  private isStopped = false;

  constructor(
    private readonly database: Database,
    private readonly known: KeyRing,
    private readonly rotation: KeyRotation,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /** @throws Error when the keys cannot be used, so that the server does not start */
  async onModuleInit(): Promise<void> {
    await this.rotation.prepare();
    this.listener = await this.database.listen(KEYS_CHANNEL, () => {
      // The next poll retries after a failure.
      void this.known.refresh().catch(() => undefined);
    });
    this.timer = setInterval(() => this.look(), this.settings.keyPollSeconds * 1000).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    await this.turn;
    await this.listener?.close();
  }

  private look(): void {
    this.turn ??= this.renew().finally(() => (this.turn = undefined));
  }

  private async renew(): Promise<void> {
    try {
      await this.known.refresh();
      if (this.isStopped) return;
      if (performance.now() - this.scheduledAt >= SCHEDULE_MILLISECONDS) {
        await this.rotation.tick();
        this.scheduledAt = performance.now();
      }
      this.outage.recordSuccess();
    } catch (error) {
      this.outage.recordFailure(error);
    }
  }
}
