import { Injectable, Logger } from '@nestjs/common';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { OutageLog } from './outage-log.js';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

const MIN_PAUSE = 100;
const MAX_PAUSE = 10_000;

/** Announces revocations by PostgreSQL's NOTIFY, and listens on a dedicated connection. */
@Injectable()
export class PostgresSignal extends RevocationSignal {
  private readonly outage = new OutageLog(
    new Logger(PostgresSignal.name),
    'LISTEN for revocations failed, will retry and poll in the meantime',
    'LISTEN for revocations works again',
  );
  private onAnnounced: ((sequence: number) => void) | undefined;
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  /** Notifies each connection that listens on the channel. */
  async announce(sequence: number): Promise<void> {
    await this.dataSource.query('SELECT pg_notify($1, $2)', [REVOCATION_CHANNEL, String(sequence)]);
  }

  /** Resolves after the first attempt to connect, and retries if it failed. */
  async listen(onAnnounced: (sequence: number) => void): Promise<void> {
    this.onAnnounced = onAnnounced;
    await this.connect();
  }

  /** Closes the connection, and does not reconnect. */
  async stop(): Promise<void> {
    this.onAnnounced = undefined;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = clientOf(this.dataSource);
    this.client = client;
    client.on('notification', ({ payload }) => this.onAnnounced?.(Number(payload)));
    // Without an error listener, the loss of an idle connection would end the process.
    client.on('error', (error) => this.outage.recordFailure(error));
    client.once('end', () => this.reconnectLater());
    try {
      await client.connect();
      await client.query(`LISTEN ${REVOCATION_CHANNEL}`);
      this.failures = 0;
      this.outage.recordSuccess();
      // Read the revocations that were announced without a connection.
      this.onAnnounced?.(Number.POSITIVE_INFINITY);
    } catch (error) {
      this.outage.recordFailure(error);
      await client.end().catch(() => undefined);
      this.reconnectLater();
    }
  }

  private reconnectLater(): void {
    if (!this.onAnnounced) return;
    const pause = Math.min(MAX_PAUSE, MIN_PAUSE * 2 ** this.failures++);
    clearTimeout(this.timer);
    // All replicas lose their connections at the same time: they must not all reconnect at the same time.
    this.timer = setTimeout(() => void this.connect(), pause * (0.5 + Math.random() / 2)).unref();
  }
}

/** A dedicated connection with the options of the pool. A connection of the pool would never return to it. */
function clientOf(dataSource: DataSource): Client {
  const { master } = dataSource.driver as unknown as {
    readonly master: { readonly Client: new (options: object) => Client; readonly options: object };
  };
  return new master.Client(master.options);
}
