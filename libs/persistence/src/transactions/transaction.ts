import type { Client } from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
import { TransactionDoomedError } from '../persistence.errors.js';

/** What is done after a commit. */
export type AfterCommitHook = () => void | Promise<void>;
/** What a refusal at the commit means. */
export type CommitErrorMapper = (error: unknown) => unknown;

/** One transaction of the database, and all that works in it, also beside each other. */
export class Transaction {
  readonly hooks: AfterCommitHook[] = [];
  readonly errorMappers = new Set<CommitErrorMapper>();
  private readonly joined = new Set<Promise<unknown>>();
  private readonly statements = new Set<Promise<unknown>>();
  private state: 'open' | 'committed' | 'rolled back' = 'open';
  private failure: { readonly error: unknown } | undefined;
  private committing: Promise<unknown> | undefined;

  constructor(private readonly queryRunner: QueryRunner) {
    const query = queryRunner.query.bind(queryRunner) as (...asked: unknown[]) => Promise<unknown>;
    // Whoever has kept the manager comes this way as well.
    queryRunner.query = (async (...asked: [string, ...unknown[]]) => {
      if (this.isRolledBack && !asked[0].startsWith('ROLLBACK')) throw this.refusal;
      return noted(query(...asked), this.statements);
    }) as QueryRunner['query'];
  }

  get manager(): EntityManager {
    return this.queryRunner.manager;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isRolledBack(): boolean {
    return this.state === 'rolled back';
  }

  /** @throws TransactionDoomedError where it was rolled back: what still runs of it would be done by itself */
  assertNotRolledBack(): void {
    if (this.isRolledBack) throw this.refusal;
  }

  /**
   * Where it commits already, resolves when it is known what became of it: what begins until then can be no part any
   * more.
   */
  get outcome(): Promise<unknown> | undefined {
    return this.isOpen ? this.committing : undefined;
  }

  /** Does the work as a part of this one, which its failure dooms. */
  async join<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await noted(work(), this.joined);
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }

  /**
   * Commits when all parts have ended that have begun, whether anybody waits for them or not, and throws what the
   * explanations make of a refusal.
   *
   * @throws TransactionDoomedError as soon as a part has failed
   */
  async commit(): Promise<void> {
    while (this.joined.size > 0 && !this.failure) await Promise.race(this.joined).catch(() => undefined);
    if (this.failure) throw this.refusal;
    const committing = this.send();
    this.committing = committing.then(
      () => (this.state = 'committed'),
      (error: unknown) => this.note(error),
    );
    await this.committing;
    await committing;
  }

  /**
   * Rolls back at once, without waiting for parts that still run, for they may wait for what has failed: from now on
   * each is refused. Only a statement that runs already is waited for, so that none comes behind the ROLLBACK, where
   * it would count.
   */
  async rollBack(cause: unknown): Promise<void> {
    this.note(cause);
    const { queryRunner } = this;
    await Promise.allSettled(this.statements);
    // The connection may be gone, and then the server has rolled back by itself.
    if (queryRunner.isReleased) return;
    // Where a transaction of TypeORM's inside has not ended, this is but the way back to its savepoint.
    await queryRunner.rollbackTransaction().catch(() => undefined);
    const client = (await queryRunner.connect()) as Client;
    if (client.getTransactionStatus() !== 'I') await client.query('ROLLBACK');
  }

  private async send(): Promise<void> {
    // PostgreSQL answers the COMMIT of a failed transaction with a silent ROLLBACK.
    if (await isFailed(this.queryRunner)) throw new TransactionDoomedError();
    await this.queryRunner.commitTransaction().catch((error: unknown) => {
      throw [...this.errorMappers].reduce((known, explain) => explain(known), error);
    });
  }

  private note(failure: unknown): void {
    this.failure ??= { error: failure };
    this.state = 'rolled back';
  }

  private get refusal(): TransactionDoomedError {
    return new TransactionDoomedError(this.failure?.error);
  }
}

/** The promise itself, which is in the set until it is settled. */
function noted<T>(promise: Promise<T>, running: Set<Promise<unknown>>): Promise<T> {
  const forget = () => void running.delete(promise);
  running.add(promise);
  promise.then(forget, forget);
  return promise;
}

async function isFailed(queryRunner: QueryRunner): Promise<boolean> {
  const client = (await queryRunner.connect()) as Client & { readonly readyForQuery?: boolean };
  // The driver rejects a query when the server tells of the error, and learns the state of the transaction by the
  // message after it. One more query waits for that message; without it, the COMMIT of a failed transaction looks like
  // one.
  if (client.readyForQuery !== true) await client.query('SELECT').catch(() => undefined);
  return client.getTransactionStatus() === 'E';
}
