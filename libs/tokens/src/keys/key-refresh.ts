import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.js';
import { KEYS_CHANNEL } from './signing-key-table.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

const SCHEDULE_MILLISECONDS = 5000;
/** The pause between attempts to listen, for a database that allows no further connection. */
const LISTEN_PAUSE_MILLISECONDS = 5000;

/** The members of a `pg` client that this class uses. */
interface Listener {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'notification' | 'error' | 'end', act: () => void): unknown;
  readonly connection: { readonly stream: { destroy(): unknown } };
}

/**
 * Keeps the key ring of this replica up to date: reads the keys when PostgreSQL notifies of a change, and at short
 * intervals in case a notification is lost.
 */
@Injectable()
export class KeyRefresh implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(KeyRefresh.name);
  private timer?: NodeJS.Timeout;
  private turn?: Promise<void>;
  private listener?: Listener;
  private connecting?: Listener;
  private hasFailed = false;
  private isDeaf = false;
  private scheduledAt = -Infinity;
  private listensAgainAt = -Infinity;
  private isStopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly known: KeyRing,
    private readonly rotation: KeyRotation,
    private readonly settings: CheckedTokensSettings,
  ) {}

  /** @throws Error when the keys cannot be used, so that the server does not start */
  async onModuleInit(): Promise<void> {
    await this.rotation.prepare();
    await this.listen();
    this.timer = setInterval(() => this.look(), this.settings.keyPollSeconds * 1000).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    // Do not wait for the connection timeout if the database does not answer.
    this.connecting?.connection.stream.destroy();
    await this.turn;
    await this.listener?.end().catch(() => undefined);
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
      if (!this.listener && !this.isStopped && performance.now() >= this.listensAgainAt) await this.listen();
      if (this.hasFailed) this.logger.log('Reading the signing keys works again');
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) this.logger.warn(`Failed to read the signing keys, will retry: ${String(error)}`);
      this.hasFailed = true;
    }
  }

  private async listen(): Promise<void> {
    // A dedicated connection with the pool's options: a connection of the pool would never return to it.
    const pool = (
      this.dataSource.driver as unknown as { master: { Client: new (o: object) => Listener; options: object } }
    ).master;
    const client = new pool.Client(pool.options);
    const lose = () => {
      if (this.listener === client) this.listener = undefined;
    };
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', () => {
      if (!this.isStopped) void this.known.refresh().catch(() => undefined);
    });
    this.connecting = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${KEYS_CHANNEL}`);
      this.listener = client;
      this.isDeaf = false;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!this.isDeaf)
        this.logger.warn(`Failed to listen for changes of the signing keys, polling instead: ${String(error)}`);
      this.isDeaf = true;
      this.listensAgainAt = performance.now() + LISTEN_PAUSE_MILLISECONDS;
    } finally {
      this.connecting = undefined;
    }
  }
}
