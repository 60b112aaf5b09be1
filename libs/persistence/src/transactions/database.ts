import { Injectable, Logger } from '@nestjs/common';
import { DataSource, TypeORMError } from 'typeorm';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { Client } from 'pg';
import { TransactionContext } from './transaction-context.js';
import { connectionPoolOf } from '../connections/connection-pool.js';
import { NotificationListener } from '../connections/notification-listener.js';
import type { NotificationHandler } from '../connections/notification-listener.js';
import { AmbientDataSource } from '../connections/ambient-data-source.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { connectionLost } from '../connections/transient-errors.js';
import { Transaction } from './transaction.js';
import type { AfterCommitHook, BeforeCommitHook, CommitErrorMapper } from './transaction.js';

/**
 * A transaction that all libs share: nested calls of `transaction()`, repositories, and the DataSource join the current
 * transaction, and `afterCommit` hooks run only after its commit.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);
  private readonly context = new TransactionContext<Transaction>();
  private readonly limit: ConcurrencyLimit;

  constructor(private readonly dataSource: DataSource) {
    // A connection stays free for independently(). Otherwise, transactions could hold all connections while each
    // waits for a second one: a deadlock.
    const { poolSize = 2 } = dataSource.options;
    if (dataSource instanceof AmbientDataSource) dataSource.joinBy(() => this.joinable?.joinedRunner);
    this.limit = new ConcurrencyLimit(() => (connectionPoolOf(dataSource)?.size ?? poolSize) - 1);
  }

  /**
   * The entity manager of the current transaction, or of the DataSource if there is no transaction.
   *
   * @throws TransactionDoomedError when the transaction of this work was already rolled back
   */
  get manager(): EntityManager {
    return this.joinable?.manager ?? this.dataSource.manager;
  }

  /**
   * Runs the work in one transaction: commits when it resolves and rolls back when it rejects. Inside another
   * transaction, the work joins that one. A failure of any joined work dooms the whole transaction, even if a caller
   * catches the error. The commit waits for all joined work. The rollback waits for none: work that still runs then
   * gets a `TransactionDoomedError`.
   *
   * @throws TransactionDoomedError when a failure inside was swallowed, or the transaction of this work was already
   *   rolled
   *   back
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const current = this.joinable;
    if (current?.outcome) return current.outcome.then(() => this.transaction(work));
    return current ? current.join(work) : this.begin(work, true);
  }

  /**
   * Runs the work in a separate transaction, for changes that must survive a rollback, such as a counter of failed
   * attempts. The work does not see uncommitted changes of the current transaction and must not touch rows that it has
   * locked.
   */
  async independently<T>(work: () => Promise<T>): Promise<T> {
    return this.begin(work, !this.isInside);
  }

  /**
   * Runs statements without parameters in one round trip and in a separate transaction. Each statement sees all data
   * that was committed when it began.
   *
   * @returns the rows of the last statement
   * @see PostgreSQL, "Multiple Statements in a Simple Query" of its message flow
   */
  async batch<Row>(statements: readonly [string, string, ...string[]]): Promise<Row[]> {
    return this.separately(async (client) => {
      const results = (await client.query(statements.join(';\n'))) as unknown as readonly { readonly rows: Row[] }[];
      return results.at(-1)!.rows;
    });
  }

  /**
   * Runs one statement outside of the current transaction and commits it: its effect survives a rollback, in one round
   * trip. It must not touch rows that the current transaction has locked.
   */
  async statement<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.separately(async (client) => (await client.query(text, [...values])).rows as Row[]);
  }

  /**
   * Runs the work on reserved connections beside the pool, with a timeout of three seconds per statement: for short
   * reads that must not wait behind requests.
   */
  withReservedConnection<T>(work: () => Promise<T>): Promise<T> {
    const connections = connectionPoolOf(this.dataSource);
    return connections ? connections.withReservedConnection(work) : work();
  }

  /**
   * Listens on a channel by a dedicated connection. Resolves after the first attempt to connect. After a loss or a
   * failure, the listener connects again until it is closed.
   *
   * @param handler is called for each notification, and without a payload after each connect: notifications may have
   *   been lost
   * @see PostgreSQL, "LISTEN"
   */
  async listen(channel: string, handler: NotificationHandler): Promise<NotificationListener> {
    const listener = new NotificationListener(this.dataSource, channel, handler);
    await this.context.outside(() => listener.open());
    return listener;
  }

  /**
   * Runs the hook after the current transaction has committed, at once if there is no transaction, and never if it was
   * rolled back. Hooks run in their order and outside of any transaction. The committing call waits for them. The
   * error of a hook is logged.
   */
  afterCommit(hook: AfterCommitHook): void {
    const current = this.context.current;
    if (current?.isRolledBack) return;
    if (current?.isOpen) current.hooks.push(hook);
    else void this.perform([hook]);
  }

  /**
   * Runs the hook in the current transaction immediately before its COMMIT, and in a transaction of its own if there is
   * none. The error of a hook rolls the transaction back. Hooks run in their order, before the hooks of `afterCommit`.
   */
  beforeCommit(hook: BeforeCommitHook): void {
    const current = this.context.current;
    if (current?.isRolledBack) return;
    if (current?.isOpen) current.hooksBefore.push(() => this.context.inside(current, hook));
    else void this.perform([() => this.transaction(hook)]);
  }

  /**
   * Registers a mapper for errors that deferred constraints raise at COMMIT. Mappers run in order; the caller of
   * `transaction()` gets the result. Without a transaction it does nothing, because no constraint is deferred.
   *
   * @param mapper returns an unknown error unchanged; registering it twice has no effect
   */
  mapCommitError(mapper: CommitErrorMapper): void {
    if (this.isInside) this.context.current!.errorMappers.add(mapper);
  }

  private get isInside(): boolean {
    return this.context.current?.isOpen === true;
  }

  /**
   * A timer that was started inside a transaction always inherits it. After the commit it counts as outside. After a
   * rollback it always fails, because it cannot be distinguished from work of the transaction that still runs.
   */
  private get joinable(): Transaction | undefined {
    const current = this.context.current;
    current?.assertNotRolledBack();
    return current?.isOpen ? current : undefined;
  }

  private async begin<T>(work: () => Promise<T>, isLimited: boolean): Promise<T> {
    const attempt = () => this.attempt(work);
    const { result, hooks } = await (isLimited ? this.limit.run(attempt) : attempt());
    // After the limit has freed its place, because a hook may begin a transaction.
    await this.perform(hooks);
    return result;
  }

  /** Connects outside of the context, because a new connection would keep the current transaction in memory. */
  private connected(queryRunner: QueryRunner): Promise<Client> {
    return this.context.outside(() => queryRunner.connect() as Promise<Client>);
  }

  private async separately<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const queryRunner = this.separateRunner();
      try {
        return await work(await this.connected(queryRunner));
      } finally {
        await queryRunner.release();
      }
    };
    return this.isInside ? run() : this.limit.run(run);
  }

  /** A query runner that does not join the current transaction. */
  private separateRunner(): QueryRunner {
    const create = () => this.dataSource.createQueryRunner();
    return this.context.current ? this.context.outside(create) : create();
  }

  private async attempt<T>(work: () => Promise<T>): Promise<{ result: T; hooks: readonly AfterCommitHook[] }> {
    const queryRunner = this.separateRunner();
    const current = new Transaction(queryRunner);
    let hasBegun = false;
    this.context.activate();
    try {
      await this.connected(queryRunner);
      await queryRunner.startTransaction();
      hasBegun = true;
      const result = await this.context.inside(current, work);
      await this.context.outside(() => current.commit());
      return { result, hooks: current.hooks };
    } catch (error) {
      // The caller gets the first error, also if the rollback fails.
      if (hasBegun) await current.rollBack(error).catch(() => undefined);
      // TypeORM releases a connection that is lost between two statements, and its next error hides the reason.
      throw queryRunner.isReleased && error instanceof TypeORMError ? connectionLost(error) : error;
    } finally {
      // Work that still runs after a rollback must find its transaction here.
      if (current.isRolledBack) this.context.releaseWhenCollected(current);
      else this.context.deactivate();
      await queryRunner.release();
    }
  }

  private perform(hooks: readonly AfterCommitHook[]): Promise<void> {
    return this.context.outside(async () => {
      for (const hook of hooks) {
        try {
          await hook();
        } catch (error) {
          this.logger.error('A commit hook failed', error instanceof Error ? error.stack : error);
        }
      }
    });
  }
}
