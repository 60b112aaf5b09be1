import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KeyRing } from './key-ring.js';
import { KeyRotation } from './key-rotation.js';
import { KEYS_CHANNEL } from './signing-key-table.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

const SCHEDULE_MILLISECONDS = 5000;
/** A database that allows no further connection is not asked for one at each look. */
const LISTEN_PAUSE_MILLISECONDS = 5000;

/** What is used of a `pg` client here. */
interface Listener {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'notification' | 'error' | 'end', act: () => void): unknown;
  readonly connection: { readonly stream: { destroy(): unknown } };
}

/**
 * Keeps the key ring of this replica up to date: looks by itself at short intervals, and at once when PostgreSQL tells that
 * the keys have changed. What a lost notification would have told, the next look finds.
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

  /** @throws Error when the keys cannot be used: the server does not start then */
  async onModuleInit(): Promise<void> {
    await this.rotation.prepare();
    await this.listen();
    this.timer = setInterval(() => this.look(), this.settings.keyPollSeconds * 1000).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    // A database that does not answer would be waited for as long as a connection may take.
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
      if (this.hasFailed) this.logger.log('The signing keys can be read again');
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) this.logger.warn(`The signing keys cannot be read at the moment: ${String(error)}`);
      this.hasFailed = true;
    }
  }

  private async listen(): Promise<void> {
    // A connection of its own, made as the pool makes them: one of the pool's would be missing there for ever.
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
      if (!this.isDeaf) this.logger.warn(`Changes of the signing keys are only polled for now: ${String(error)}`);
      this.isDeaf = true;
      this.listensAgainAt = performance.now() + LISTEN_PAUSE_MILLISECONDS;
    } finally {
      this.connecting = undefined;
    }
  }
}
