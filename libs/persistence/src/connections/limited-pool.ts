import { Logger } from '@nestjs/common';
import pg from 'pg';
import { isConnectionLimit } from './transient-errors.js';

/** Receives a connection with its release function, or an error. */
export type PoolCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** The time until a pool with a reduced size tries one more connection. */
const GROWTH_PAUSE_MILLISECONDS = 30_000;
/** The delay of a retry if all other connections are still being opened. */
const RETRY_MILLISECONDS = 50;
/** Idle connections that stay open, because another process could take their slot. */
const MIN_CONNECTIONS = 2;

/**
 * A pool that adapts to a server that allows fewer connections than configured. If the server has no slot for a new
 * connection, the request waits for an open one. The pool keeps the smaller size for a while and then retries.
 */
export class LimitedPool extends pg.Pool {
  private readonly logger = new Logger('Persistence');
  private readonly configuredSize: number;
  private readonly open = new Set<pg.PoolClient>();
  private allowedSize: number;
  private growsAt = Number.POSITIVE_INFINITY;

  /**
   * @param purpose the use of the connections, for the log
   * @param elapsed milliseconds of a monotonic clock
   */
  constructor(
    options: pg.PoolConfig,
    private readonly purpose: string,
    private readonly elapsed: () => number = () => performance.now(),
  ) {
    super({ min: MIN_CONNECTIONS, ...options });
    this.configuredSize = this.allowedSize = this.options.max;
    this.on('connect', (client) => this.noteOpen(client));
    this.on('remove', (client) => this.open.delete(client));
  }

  /** The number of connections that the server currently allows this pool. */
  get size(): number {
    return this.allowedSize;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: PoolCallback): void;
  override connect(callback?: PoolCallback): Promise<pg.PoolClient> | void {
    if (callback) return this.acquire(callback);
    return new Promise((resolve, reject) =>
      this.acquire((error, client) => (client ? resolve(client) : reject(error))),
    );
  }

  private acquire(callback: PoolCallback): void {
    const deadline = this.elapsed() + (this.options.connectionTimeoutMillis || Number.POSITIVE_INFINITY);
    const attempt = (): void => {
      this.grow();
      super.connect((error, client, release) => {
        if (!error || !isConnectionLimit(error) || this.totalCount === 0 || this.elapsed() >= deadline) {
          return callback(error, client, release);
        }
        this.shrink(error);
        // Without an open connection, the others are still being opened and may fail as well.
        if (this.open.size > 0) attempt();
        else setTimeout(attempt, RETRY_MILLISECONDS).unref();
      });
    };
    attempt();
  }

  private shrink(error: Error): void {
    if (this.open.size === 0) return;
    if (this.allowedSize === this.configuredSize) {
      this.logger.warn(
        `The database allows no further connection for ${this.purpose} ("${error.message}"): ${this.open.size} of ${this.configuredSize} are ` +
          `open and shared; Postern will retry every ${GROWTH_PAUSE_MILLISECONDS / 1000} s.`,
      );
    }
    this.allowedSize = this.options.max = this.open.size;
    this.growsAt = this.elapsed() + GROWTH_PAUSE_MILLISECONDS;
  }

  /** Adds one connection at a time, so that few attempts fail while the limit still holds. */
  private grow(): void {
    if (this.elapsed() < this.growsAt || this.idleCount > this.waitingCount) return;
    this.options.max = this.allowedSize + 1;
    this.growsAt = this.elapsed() + GROWTH_PAUSE_MILLISECONDS;
  }

  private noteOpen(client: pg.PoolClient): void {
    this.open.add(client);
    if (this.open.size <= this.allowedSize) return;
    this.allowedSize = this.options.max = this.open.size;
    this.growsAt = this.elapsed();
    if (this.allowedSize < this.configuredSize) return;
    this.growsAt = Number.POSITIVE_INFINITY;
    this.logger.log(`The database allows all ${this.configuredSize} connections for ${this.purpose} again.`);
  }
}
