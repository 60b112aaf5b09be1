import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { OutageLog } from './outage-log.js';
import { RevocationSignal, REVOCATION_CHANNEL } from './revocation-signal.js';

/** So long is waited for Redis, which may take bytes and never answer: the poll of the database waits behind it. */
const PATIENCE_MILLISECONDS = 500;

/** Announces revocations by Redis pub/sub. Redis keeps nothing: what it loses, the poll of the database finds. */
export class RedisSignal extends RevocationSignal {
  private readonly outage = new OutageLog(
    new Logger(RedisSignal.name),
    'Redis cannot be reached, revocations are polled for now',
    'Redis is reached again',
  );
  private publisher: Promise<Redis> | undefined;
  private subscriber: Redis | undefined;
  /** Those of the two that have no connection now. */
  private readonly unconnected = new Set<Redis>();
  private isStopped = false;

  /** @param url `redis://…` or `rediss://…`; `ioredis` must be installed */
  constructor(private readonly url: string) {
    super();
  }

  /** Publishes to every replica; where Redis cannot be reached, or does not answer soon, that is left to their polls. */
  async announce(sequence: number): Promise<void> {
    if (this.isStopped) return;
    this.publisher ??= this.open({ maxRetriesPerRequest: 1, commandTimeout: PATIENCE_MILLISECONDS });
    const publisher = await this.publisher;
    await publisher.publish(REVOCATION_CHANNEL, String(sequence)).then(
      () => this.noteReturn(),
      (error: unknown) => this.noteLoss(error),
    );
  }

  /** Resolves when it listens, or when Redis could not be reached for now. */
  async listen(heard: (sequence: number) => void): Promise<void> {
    const subscriber = await this.open({ maxRetriesPerRequest: 0, autoResubscribe: false });
    this.subscriber = subscriber;
    subscriber.on('message', (_channel, payload) => heard(Number(payload)));
    const listening = new Promise<void>((resolve) => {
      // Anew at each connection, since what ioredis sends by itself then has nobody who would hear of its failure.
      subscriber.on('ready', () => {
        const subscribed = subscriber.subscribe(REVOCATION_CHANNEL);
        // What was announced meanwhile must be asked for.
        subscribed.then(() => resolve(heard(Number.POSITIVE_INFINITY))).catch((error: unknown) => this.noteLoss(error));
      });
    });
    const failed = new Promise((resolve) => subscriber.once('error', resolve));
    await Promise.race([listening, failed, delay(PATIENCE_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Closes both connections. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.subscriber?.disconnect();
    (await this.publisher?.catch(() => undefined))?.disconnect();
  }

  private async open(options: RedisOptions): Promise<Redis> {
    // Only who sets `redisUrl` needs it installed.
    const { Redis: Client } = await import('ioredis');
    const client = new Client(this.url, {
      ...options,
      connectionName: 'postern-revocations',
      disconnectTimeout: 100,
    });
    client.on('error', (error) => this.noteLoss(error));
    client.on('close', () => this.unconnected.add(client));
    client.on('ready', () => {
      this.unconnected.delete(client);
      this.noteReturn();
    });
    return client;
  }

  /** Not before both are connected: the failure that the other one has still to tell of would count as a loss of its own. */
  private noteReturn(): void {
    if (this.unconnected.size === 0) this.outage.noteReturn();
  }

  private noteLoss(error: unknown): void {
    if (!this.isStopped) this.outage.noteLoss(error);
  }
}
