import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { OutageLog } from 'postern/persistence';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

/** Redis may accept bytes and never answer, and the poll of the database waits for this timeout. */
const TIMEOUT_MILLISECONDS = 500;

/** Announces revocations by Redis pub/sub. Redis stores none: the poll of the database finds a lost announcement. */
export class RedisSignal extends RevocationSignal {
  private readonly outage = new OutageLog(
    new Logger(RedisSignal.name),
    'Connection to Redis failed, will retry and poll the database in the meantime',
    'Connection to Redis works again',
  );
  private publisher: Promise<Redis> | undefined;
  private subscriber: Redis | undefined;
  /** The clients (publisher, subscriber) that are not connected. */
  private readonly unconnected = new Set<Redis>();
  private isStopped = false;

  /** @param url `redis://…` or `rediss://…`; `ioredis` must be installed */
  constructor(private readonly url: string) {
    super();
  }

  /** Publishes to each replica. The polls of the replicas replace the message if Redis fails or times out. */
  async announce(sequence: number): Promise<void> {
    if (this.isStopped) return;
    this.publisher ??= this.open({ maxRetriesPerRequest: 1, commandTimeout: TIMEOUT_MILLISECONDS });
    const publisher = await this.publisher;
    await publisher.publish(REVOCATION_CHANNEL, String(sequence)).then(
      () => this.recover(),
      (error: unknown) => this.fail(error),
    );
  }

  /** Resolves when the subscription succeeds, fails, or times out. */
  async listen(onAnnounced: (sequence: number) => void): Promise<void> {
    const subscriber = await this.open({ maxRetriesPerRequest: 0, autoResubscribe: false });
    this.subscriber = subscriber;
    subscriber.on('message', (_channel, payload) => onAnnounced(Number(payload)));
    const listening = new Promise<void>((resolve) => {
      // Subscribe after each reconnect: the automatic resubscription of ioredis does not report a failure.
      subscriber.on('ready', () => {
        const subscribed = subscriber.subscribe(REVOCATION_CHANNEL);
        // Read the revocations that were announced without a connection.
        subscribed
          .then(() => resolve(onAnnounced(Number.POSITIVE_INFINITY)))
          .catch((error: unknown) => this.fail(error));
      });
    });
    const failed = new Promise((resolve) => subscriber.once('error', resolve));
    await Promise.race([listening, failed, delay(TIMEOUT_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Closes both connections. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.subscriber?.disconnect();
    (await this.publisher?.catch(() => undefined))?.disconnect();
  }

  private async open(options: RedisOptions): Promise<Redis> {
    // Loaded here, so that an application without `redisUrl` does not need ioredis.
    const { Redis: Client } = await import('ioredis');
    const client = new Client(this.url, {
      ...options,
      connectionName: 'postern-revocations',
      disconnectTimeout: 100,
    });
    client.on('error', (error) => this.fail(error));
    client.on('close', () => this.unconnected.add(client));
    client.on('ready', () => {
      this.unconnected.delete(client);
      this.recover();
    });
    return client;
  }

  /** Ends the outage only if both clients are connected: a late error of the other client would start a second one. */
  private recover(): void {
    if (this.unconnected.size === 0) this.outage.recordSuccess();
  }

  private fail(error: unknown): void {
    if (!this.isStopped) this.outage.recordFailure(error);
  }
}
