import { Injectable, Logger } from '@nestjs/common';
import { DataSource, TypeORMError } from 'typeorm';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { Client } from 'pg';
import { TransactionContext } from './transaction-context.js';
import { connectionPoolOf } from '../connections/connection-pool.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { connectionLost } from '../connections/transient-errors.js';
import { Transaction } from './transaction.js';
import type { AfterCommitHook, CommitErrorMapper } from './transaction.js';

/**
 * One transaction across all libs: whoever works inside `transaction()`, however deep, works in the same one, and
 * what was asked for `afterCommit` happens only when it was committed.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);
  private readonly context = new TransactionContext<Transaction>();
  private readonly limit: ConcurrencyLimit;

  constructor(private readonly dataSource: DataSource) {
    // One connection stays free for independently(): were all of them held by transactions that each wait for a
    // second one, none would ever be given back.
    const { poolSize = 2 } = dataSource.options;
    this.limit = new ConcurrencyLimit(() => (connectionPoolOf(dataSource)?.size ?? poolSize) - 1);
  }

  /**
   * The manager of the ambient transaction, or the DataSource's own where there is none.
   *
   * @throws TransactionDoomedError where the ambient transaction was rolled back while this work of it went on
   */
  get manager(): EntityManager {
    return this.joinable?.manager ?? this.dataSource.manager;
  }

  /**
   * Does the work in one transaction, committed when it resolves and rolled back when it rejects. Inside another
   * transaction it joins that one, and its failure dooms all of it, even when somebody catches it on the way. The
   * commit waits for all that has joined, the rollback for nothing: what still runs then is refused.
   *
   * @throws TransactionDoomedError when a failure inside was swallowed, so that nothing could be committed, and where
   *   the
   *   ambient transaction was rolled back while this work of it went on
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const current = this.joinable;
    if (current?.outcome) return current.outcome.then(() => this.transaction(work));
    return current ? current.join(work) : this.begin(work, true);
  }

  /**
   * Does the work in a transaction of its own, whatever happens to the ambient one: for what must survive a refusal,
   * such as a counter of failed attempts. It does not see what the ambient transaction has not yet committed, and
   * must not touch a row that the ambient one has locked.
   */
  async independently<T>(work: () => Promise<T>): Promise<T> {
    return this.begin(work, !this.isInside);
  }

  /**
   * Runs statements without parameters in one round trip and in one transaction of their own, whatever happens to the
   * ambient one. Each statement sees what was committed when it began.
   *
   * @returns the rows of the last statement
   * @see PostgreSQL, "Multiple Statements in a Simple Query" of its message flow
   */
  async batch<Row>(statements: readonly [string, string, ...string[]]): Promise<Row[]> {
    const run = async (): Promise<Row[]> => {
      const queryRunner = this.dataSource.createQueryRunner();
      try {
        const client = await this.connected(queryRunner);
        const results = (await client.query(statements.join(';\n'))) as unknown as readonly { readonly rows: Row[] }[];
        return results.at(-1)!.rows;
      } finally {
        await queryRunner.release();
      }
    };
    return this.isInside ? run() : this.limit.run(run);
  }

  /**
   * Does the work on connections that are kept beside the pool, and gives each statement up when nothing has answered
   * for three seconds: for the few short readings that a replica must not do without, however many requests wait for
   * the pool.
   */
  withReservedConnection<T>(work: () => Promise<T>): Promise<T> {
    const connections = connectionPoolOf(this.dataSource);
    return connections ? connections.withReservedConnection(work) : work();
  }

  /**
   * Does the act once the ambient transaction has committed, at once where there is none, and never when it was rolled
   * back. Acts run in their order, outside of any transaction; the committing call waits for them; one that fails
   * is logged.
   */
  afterCommit(hook: AfterCommitHook): void {
    const current = this.context.current;
    if (current?.isRolledBack) return;
    if (current?.isOpen) current.hooks.push(hook);
    else void this.perform([hook]);
  }

  /**
   * Puts what a deferred constraint refuses at the COMMIT of the ambient transaction into the words of who wrote the
   * row: whoever awaits the transaction is thrown what the explanations make of the error, each given what the one
   * before has made of it. Without a transaction nothing is deferred beyond the statement, and nothing happens here.
   *
   * @param explain gives back the error itself where it does not know it; one function counts once
   */
  mapCommitError(explain: CommitErrorMapper): void {
    if (this.isInside) this.context.current!.errorMappers.add(explain);
  }

  private get isInside(): boolean {
    return this.context.current?.isOpen === true;
  }

  /**
   * A timer that was started inside a transaction inherits it for ever. After the commit it counts as outside; after a
   * rollback it is refused for ever, since nobody can tell it from what was refused and still runs.
   */
  private get joinable(): Transaction | undefined {
    const current = this.context.current;
    current?.assertNotRolledBack();
    return current?.isOpen ? current : undefined;
  }

  private async begin<T>(work: () => Promise<T>, isGated: boolean): Promise<T> {
    const attempt = () => this.attempt(work);
    const { result, hooks } = await (isGated ? this.limit.run(attempt) : attempt());
    // Its place at the gate is free again: an act may begin a transaction, and would wait for those who wait for their
    // acts.
    await this.perform(hooks);
    return result;
  }

  /** A connection that is made inside of a transaction would keep what is found there for as long as it lives. */
  private connected(queryRunner: QueryRunner): Promise<Client> {
    return this.context.outside(() => queryRunner.connect() as Promise<Client>);
  }

  private async attempt<T>(work: () => Promise<T>): Promise<{ result: T; hooks: readonly AfterCommitHook[] }> {
    const queryRunner = this.dataSource.createQueryRunner();
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
      // The caller gets the first error, whatever becomes of the connection.
      if (hasBegun) await current.rollBack(error).catch(() => undefined);
      // TypeORM lets go of a connection that breaks between two statements, and does not say why to the next one.
      throw queryRunner.isReleased && error instanceof TypeORMError ? connectionLost(error) : error;
    } finally {
      // By its unit is known what was refused and still runs.
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
          this.logger.error('What was to be done after a commit failed', error instanceof Error ? error.stack : error);
        }
      }
    });
  }
}
