import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { OutageLog } from '../outage-log.js';
import type { Connection } from './connection.js';
import { connectionPoolOf } from './connection-pool.js';
import { databaseClosed } from './transient-errors.js';

const MIN_PAUSE_MILLISECONDS = 100;
const MAX_PAUSE_MILLISECONDS = 10_000;

/** Receives the payload of a notification; nothing after each connect, because notifications may have been lost. */
export type NotificationHandler = (payload?: string) => void;

/** Listens on a channel by a dedicated connection, and connects again after each loss. */
export class NotificationListener {
  private readonly outage: OutageLog;
  private connection: Connection | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private isListening = false;
  private isClosed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly channel: string,
    private readonly handler: NotificationHandler,
  ) {
    const logger = new Logger('Persistence');
    this.outage = new OutageLog(logger, `LISTEN ${channel} failed, will retry`, `LISTEN ${channel} works again`);
  }

  /** Resolves after an attempt to connect, and retries later if it failed. */
  async open(): Promise<void> {
    let connection: Connection | undefined;
    try {
      connection = this.connection = this.newConnection();
      await connection.connect();
      await connection.query(`LISTEN ${connection.escapeIdentifier(this.channel)}`);
      if (this.isClosed) return;
      this.isListening = true;
      this.failures = 0;
      this.outage.recordSuccess();
    } catch (error) {
      this.recordFailure(error);
      await connection?.end().catch(() => undefined);
      return this.reopenLater(connection);
    }
    this.handler();
  }

  /** Closes the connection, and calls the handler no more. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    if (this.isListening) await this.connection?.end().catch(() => undefined);
    // Do not wait for the connection timeout if the database does not answer.
    else this.connection?.cut();
  }

  private newConnection(): Connection {
    const connection = connectionPoolOf(this.dataSource)?.newConnection();
    if (!connection) throw databaseClosed();
    connection.on('notification', ({ payload }) => {
      if (!this.isClosed) this.handler(payload);
    });
    // Without an error listener, the loss of an idle connection would end the process.
    connection.on('error', (error) => this.recordFailure(error));
    connection.once('end', () => this.reopenLater(connection));
    return connection;
  }

  private recordFailure(error: unknown): void {
    if (!this.isClosed) this.outage.recordFailure(error);
  }

  private reopenLater(lost: Connection | undefined): void {
    if (this.isClosed || this.connection !== lost) return;
    // A connection may report its loss twice.
    this.connection = undefined;
    this.isListening = false;
    clearTimeout(this.timer);
    const pause = Math.min(MAX_PAUSE_MILLISECONDS, MIN_PAUSE_MILLISECONDS * 2 ** this.failures++);
    // All replicas lose their connections at the same time: they must not all reconnect at the same time.
    this.timer = setTimeout(() => void this.open(), pause * (0.5 + Math.random() / 2)).unref();
  }
}
