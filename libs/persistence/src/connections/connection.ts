import pg from 'pg';
import { sessionStatement } from './session-settings.js';
import { markTransient } from './transient-errors.js';

/** The time that the server has to close its side of the connection. */
const CLOSE_TIMEOUT_MILLISECONDS = 1000;
/** A timeout that fires later than this is caused by a busy event loop, not by the server. */
const LATENESS_MILLISECONDS = 500;

/** SQLSTATE read_only_sql_transaction. */
const READ_ONLY = '25006';

/** The options of a connection. */
export interface ConnectionConfig extends pg.ClientConfig {
  /** All open connections to the same database, including this one. */
  readonly peers: Set<Connection>;
}

/** The message of the protocol by which the server reports a setting. */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/**
 * A connection that is closed after a query exceeded `query_timeout`. A firewall or a failover that drops the packets
 * of one connection also drops those of its peers, so all connections that were silent for as long are closed, too.
 * The next query gets a new connection.
 */
export class Connection extends pg.Client {
  private heardAt = Number.NEGATIVE_INFINITY;
  /** The settings of the session that the server has reported. */
  private readonly reported = new Map<string, string>();

  constructor(private readonly config: ConnectionConfig) {
    super(config);
    this.connection.on('readyForQuery', () => (this.heardAt = performance.now()));
    this.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) =>
      this.reported.set(parameterName, parameterValue),
    );
    this.once('connect', () => config.peers.add(this));
    this.once('end', () => config.peers.delete(this));
  }

  /** Milliseconds since the server last answered here. */
  get silentMilliseconds(): number {
    return performance.now() - this.heardAt;
  }

  /** Connects, and sets the formats of the session if the role or the database has others. */
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<this> | void {
    const connected = this.open();
    if (!callback) return connected;
    connected.then(() => callback(null), callback);
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the driver has nine overloads, and all are forwarded
  override query(...parameters: any[]): any {
    const sentAt = performance.now();
    const answer: unknown = (super.query as (...all: unknown[]) => unknown)(...parameters);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: Error) => {
      if (error.message === 'Query read timeout') this.giveUp(sentAt);
      // After a failover, a new connection may reach the new primary.
      if ((error as pg.DatabaseError).code === READ_ONLY) void this.end();
      throw markTransient(error);
    });
  }

  /** Closes the connection gracefully, and closes the socket if the server does not react. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    setTimeout(() => this.cut(), CLOSE_TIMEOUT_MILLISECONDS).unref();
    return callback ? super.end(callback) : super.end();
  }

  /** Closes the socket at once. Pending queries fail. */
  cut(): void {
    this.connection.stream.destroy();
  }

  private async open(): Promise<this> {
    await super.connect();
    const statement = sessionStatement(this.reported);
    if (statement === undefined) return this;
    // The pool listens for errors only after the callback. The query fails, too, if the connection is lost.
    const ignore = (): void => undefined;
    this.on('error', ignore);
    try {
      await this.query(statement);
    } catch (error) {
      void this.end();
      throw error;
    } finally {
      this.off('error', ignore);
    }
    return this;
  }

  private giveUp(sentAt: number): void {
    // The pool must not reuse this connection: the late answer would go to the next query.
    void this.end();
    const { query_timeout: timeout = 0, peers } = this.config;
    if (performance.now() - sentAt > timeout + LATENESS_MILLISECONDS) return;
    for (const peer of peers) if (peer.heardAt < sentAt) peer.cut();
  }
}
