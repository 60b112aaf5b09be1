import { Injectable, Logger } from '@nestjs/common';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { OutageLog } from './outage-log.js';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

const MIN_PAUSE = 100;
const MAX_PAUSE = 10_000;

/** Announces revocations by PostgreSQL's NOTIFY, and hears them on one connection kept for it. */
@Injectable()
export class PostgresSignal extends RevocationSignal {
  private readonly outage = new OutageLog(
    new Logger(PostgresSignal.name),
    'Revocations are polled for now',
    'Revocations are heard of again',
  );
  private heard: ((sequence: number) => void) | undefined;
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  /** Notifies every connection that listens on the channel, in this process and in others. */
  async announce(sequence: number): Promise<void> {
    await this.dataSource.query('SELECT pg_notify($1, $2)', [REVOCATION_CHANNEL, String(sequence)]);
  }

  /** Resolves after the first attempt, whether it succeeded or not: it goes on trying. */
  async listen(heard: (sequence: number) => void): Promise<void> {
    this.heard = heard;
    await this.connect();
  }

  /** Closes the connection and opens none again. */
  async stop(): Promise<void> {
    this.heard = undefined;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = clientOf(this.dataSource);
    this.client = client;
    client.on('notification', ({ payload }) => this.heard?.(Number(payload)));
    // Without a listener the loss of an idle connection would be the end of the process.
    client.on('error', (error) => this.outage.noteLoss(error));
    client.once('end', () => this.reconnectLater());
    try {
      await client.connect();
      await client.query(`LISTEN ${REVOCATION_CHANNEL}`);
      this.failures = 0;
      this.outage.noteReturn();
      // Whatever was announced while nobody listened.
      this.heard?.(Number.POSITIVE_INFINITY);
    } catch (error) {
      this.outage.noteLoss(error);
      await client.end().catch(() => undefined);
      this.reconnectLater();
    }
  }

  private reconnectLater(): void {
    if (!this.heard) return;
    const pause = Math.min(MAX_PAUSE, MIN_PAUSE * 2 ** this.failures++);
    clearTimeout(this.timer);
    // All replicas lose their connections in the same moment: they must not come back in the same moment.
    this.timer = setTimeout(() => void this.connect(), pause * (0.5 + Math.random() / 2)).unref();
  }
}

/** A connection of its own, made as the pool makes them: one of the pool's would be missing there for ever. */
function clientOf(dataSource: DataSource): Client {
  const { master } = dataSource.driver as unknown as {
    readonly master: { readonly Client: new (options: object) => Client; readonly options: object };
  };
  return new master.Client(master.options);
}
