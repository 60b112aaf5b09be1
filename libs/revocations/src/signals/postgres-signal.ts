import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import type { NotificationListener } from 'postern/persistence';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

/** Announces revocations by PostgreSQL's NOTIFY, and listens on a dedicated connection. */
@Injectable()
export class PostgresSignal extends RevocationSignal {
  private listener: NotificationListener | undefined;

  constructor(private readonly database: Database) {
    super();
  }

  /** Notifies each connection that listens on the channel. */
  async announce(sequence: number): Promise<void> {
    await this.database.manager.query('SELECT pg_notify($1, $2)', [REVOCATION_CHANNEL, String(sequence)]);
  }

  /** Resolves after the first attempt to connect, and retries if it failed. */
  async listen(onAnnounced: (sequence: number) => void): Promise<void> {
    this.listener = await this.database.listen(REVOCATION_CHANNEL, (sequence) =>
      // Without a number: read the revocations that were announced without a connection.
      onAnnounced(Number(sequence ?? Number.POSITIVE_INFINITY)),
    );
  }

  /** Closes the connection, and does not reconnect. */
  async stop(): Promise<void> {
    await this.listener?.close();
  }
}
