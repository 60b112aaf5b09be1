import { Logger } from '@nestjs/common';
import pg from 'pg';
import { isConnectionLimit } from './transient-errors.js';

/** Called with a connection and the way to give it back, or with the reason why there is none. */
export type PoolCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** How long the pool keeps to the size that the server allowed before it opens one connection more. */
const GROWTH_PAUSE_MILLISECONDS = 30_000;
/** A request that was refused while others still connect tries again after this. */
const RETRY_MILLISECONDS = 50;
/** Idle connections that stay open: a slot that was given back may be taken by another process. */
const MIN_CONNECTIONS = 2;

/**
 * A pool that lives with a server that allows fewer connections than it was configured for. A request whose new
 * connection is refused for that reason waits for one that is open. The pool keeps to the smaller size for a while,
 * and then tries again.
 */
export class LimitedPool extends pg.Pool {
  private readonly logger = new Logger('Persistence');
  private readonly configuredSize: number;
  private readonly open = new Set<pg.PoolClient>();
  private allowedSize: number;
  private growsAt = Number.POSITIVE_INFINITY;

  /**
   * @param purpose what the connections are for, in the words of the log
   * @param elapsed milliseconds of a clock that nobody sets
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

  /** How many connections the server is known to allow this pool. */
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
        // Connections that are still being opened may all be refused as well, and then there is none to wait for.
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
        `The database refused a connection for ${this.purpose} ("${error.message}"): the ${this.open.size} of ${this.configuredSize} that are open are ` +
          `shared, and Postern tries to open more every ${GROWTH_PAUSE_MILLISECONDS / 1000} s.`,
      );
    }
    this.allowedSize = this.options.max = this.open.size;
    this.growsAt = this.elapsed() + GROWTH_PAUSE_MILLISECONDS;
  }

  /** One at a time: a limit that still holds costs a refused connection or two, and not one for each request. */
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
