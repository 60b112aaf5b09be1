import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RedisOptions } from 'ioredis';
import { OutageLog, redisGroupOf } from 'postern/persistence';
import type { RedisGroup } from 'postern/persistence';
import { connectRedis } from 'postern/persistence/redis';
import type { RedisClient } from 'postern/persistence/redis';
import { causeOf, redisRemedyFor, SentinelAddressError } from './redis-rejection.js';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

/** Redis may accept bytes and never answer, and the poll of the database waits for this timeout. */
const TIMEOUT_MILLISECONDS = 500;
/** The pause before a rejected subscription is repeated on the same connection. */
const RETRY_MILLISECONDS = 2_000;

/** Announces revocations by Redis pub/sub. Redis stores none: the poll of the database finds a lost announcement. */
export class RedisSignal extends RevocationSignal {
  private readonly outage = new OutageLog(
    new Logger(RedisSignal.name),
    'Connection to Redis failed, will retry and poll the database in the meantime',
    'Connection to Redis works again',
  );
  private publisher: Promise<RedisClient> | undefined;
  private subscriber: RedisClient | undefined;
  /** The clients (publisher, subscriber) that are not connected. */
  private readonly unconnected = new Set<RedisClient>();
  /** The clients whose commands Redis rejects. */
  private readonly rejected = new Set<RedisClient>();
  private readonly group: RedisGroup | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isStopped = false;

  /**
   * @param url `redis://…` or `rediss://…`; `redis+sentinel://host:26379,host2:26379/master` or
   * `redis+cluster://host:6379,host2:6379` for several hosts; `ioredis` must be installed
   */
  constructor(private readonly url: string) {
    super();
    this.group = redisGroupOf(url);
  }

  /** Publishes to each replica. The polls of the replicas replace the message if Redis fails or times out. */
  async announce(sequence: number): Promise<void> {
    if (this.isStopped) return;
    this.publisher ??= this.open({ maxRetriesPerRequest: 1, commandTimeout: TIMEOUT_MILLISECONDS });
    const publisher = await this.publisher;
    const published = publisher.publish(REVOCATION_CHANNEL, String(sequence)).then(
      () => this.accepted(publisher),
      (error: unknown) => this.fail(error, publisher),
    );
    // A cluster queues the command without a timeout while it has no node.
    await Promise.race([published, delay(2 * TIMEOUT_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Resolves when the subscription succeeds, fails, or times out. */
  async listen(onAnnounced: (sequence: number) => void): Promise<void> {
    const subscriber = await this.open({ maxRetriesPerRequest: 0, autoResubscribe: this.group?.kind === 'cluster' });
    this.subscriber = subscriber;
    subscriber.on('message', (_channel, payload) => onAnnounced(Number(payload)));
    const listening = new Promise<void>((resolve) => {
      // Subscribe after each reconnect: the automatic resubscription of ioredis does not report a failure.
      const subscribe = (): void =>
        // Read the revocations that were announced without a connection.
        void this.subscribe(subscriber, () => resolve(onAnnounced(Number.POSITIVE_INFINITY)));
      subscriber.on('ready', subscribe);
    });
    const failed = new Promise((resolve) => subscriber.once('error', resolve));
    await Promise.race([listening, failed, delay(TIMEOUT_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Closes both connections. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.retry);
    this.subscriber?.disconnect();
    (await this.publisher?.catch(() => undefined))?.disconnect();
  }

  private async subscribe(subscriber: RedisClient, onSubscribed: () => void): Promise<void> {
    clearTimeout(this.retry);
    try {
      await this.assertNoSentinel(subscriber);
      await subscriber.subscribe(REVOCATION_CHANNEL);
      this.accepted(subscriber);
      onSubscribed();
    } catch (error) {
      this.fail(error, subscriber);
      if (this.isStopped) return;
      // A lost connection subscribes when it is ready again. A rejection leaves the connection as it is.
      const again = (): void => void (subscriber.status === 'ready' && this.subscribe(subscriber, onSubscribed));
      this.retry = setTimeout(again, RETRY_MILLISECONDS).unref();
    }
  }

  /** A Sentinel accepts SUBSCRIBE and rejects PUBLISH, so only the first revocation would show the mistake. */
  private async assertNoSentinel(client: RedisClient): Promise<void> {
    if (this.group !== undefined) return;
    const server = await client.info('server').catch((error: Error) => {
      // Without the right to call INFO, the subscription itself may still be allowed.
      if (redisRemedyFor(error) === undefined) throw error;
      return '';
    });
    if (/^redis_mode:sentinel/m.test(server)) throw new SentinelAddressError();
  }

  private async open(options: RedisOptions): Promise<RedisClient> {
    const client = await connectRedis(this.url, {
      ...options,
      connectionName: 'postern-revocations',
      disconnectTimeout: 100,
    });
    client.on('error', (error) => this.fail(error, client));
    client.on('close', () => this.unconnected.add(client));
    client.on('ready', () => {
      this.unconnected.delete(client);
      this.recover();
    });
    return client;
  }

  private accepted(client: RedisClient): void {
    this.rejected.delete(client);
    this.recover();
  }

  /** Ends the outage only if both clients work: a late error of the other client would start a second one. */
  private recover(): void {
    if (this.unconnected.size === 0 && this.rejected.size === 0) this.outage.recordSuccess();
  }

  private fail(failure: unknown, client: RedisClient): void {
    if (this.isStopped) return;
    const error = causeOf(failure);
    const remedy = redisRemedyFor(error);
    if (remedy !== undefined) this.rejected.add(client);
    this.outage.recordFailure(error, remedy);
  }
}
