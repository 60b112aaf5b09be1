import type { Client } from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
import { TransactionDoomedError } from '../persistence.errors.js';

/** Runs after a commit. */
export type AfterCommitHook = () => void | Promise<void>;
/** Runs in the transaction, immediately before its COMMIT. */
export type BeforeCommitHook = () => Promise<void>;
/** Maps an error of the COMMIT. */
export type CommitErrorMapper = (error: unknown) => unknown;

/** A database transaction and the concurrent work that has joined it. */
export class Transaction {
  readonly hooks: AfterCommitHook[] = [];
  /**
   * The query runner for operations that open and release their own: a release has no effect, and a transaction of
   * TypeORM is a part of this one. A savepoint would be wrong, because operations may run concurrently.
   */
  readonly joinedRunner: QueryRunner;
  readonly hooksBefore: BeforeCommitHook[] = [];
  readonly errorMappers = new Set<CommitErrorMapper>();
  private readonly joined = new Set<Promise<unknown>>();
  private readonly statements = new Set<Promise<unknown>>();
  private state: 'open' | 'committed' | 'rolled back' = 'open';
  private failure: { readonly error: unknown } | undefined;
  private committing: Promise<unknown> | undefined;

  constructor(private readonly queryRunner: QueryRunner) {
    const query = queryRunner.query.bind(queryRunner) as (...parameters: unknown[]) => Promise<unknown>;
    // This also covers work that kept a reference to the manager.
    queryRunner.query = (async (...parameters: [string, ...unknown[]]) => {
      if (this.isRolledBack && !parameters[0].startsWith('ROLLBACK')) throw this.doomedError;
      return tracked(query(...parameters), this.statements);
    }) as QueryRunner['query'];
    this.joinedRunner = this.joining(queryRunner);
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

  /** @throws TransactionDoomedError when it was rolled back, so that later work does not run outside of it */
  assertNotRolledBack(): void {
    if (this.isRolledBack) throw this.doomedError;
  }

  /** While it commits, a promise that resolves when the commit has ended. New work cannot join in that time. */
  get outcome(): Promise<unknown> | undefined {
    return this.isOpen ? this.committing : undefined;
  }

  /** Runs the work as a part of this transaction. A failure of the work dooms the transaction. */
  async join<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await tracked(work(), this.joined);
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }

  /**
   * Commits after all joined work has ended and after the hooks before the commit, which may register more. An error of
   * the COMMIT passes through the error mappers.
   *
   * @throws TransactionDoomedError as soon as joined work has failed
   */
  async commit(): Promise<void> {
    await this.endOfJoinedWork();
    for (let hook = this.hooksBefore.shift(); hook; hook = this.hooksBefore.shift()) {
      await hook();
      await this.endOfJoinedWork();
    }
    const committing = this.send();
    this.committing = committing.then(
      () => (this.state = 'committed'),
      (error: unknown) => this.note(error),
    );
    await this.committing;
    await committing;
  }

  /**
   * Rolls back at once, without waiting for joined work, which may itself wait for the failed part. Joined work gets a
   * `TransactionDoomedError` from now on. Running statements end first, so that none runs after the ROLLBACK.
   */
  async rollBack(cause: unknown): Promise<void> {
    this.note(cause);
    const { queryRunner } = this;
    await Promise.allSettled(this.statements);
    // If the connection was lost, PostgreSQL has rolled back.
    if (queryRunner.isReleased) return;
    // If a nested transaction of TypeORM is open, this only rolls back to its savepoint.
    await queryRunner.rollbackTransaction().catch(() => undefined);
    const client = (await queryRunner.connect()) as Client;
    if (client.getTransactionStatus() !== 'I') await client.query('ROLLBACK');
  }

  private joining(queryRunner: QueryRunner): QueryRunner {
    const nothing = () => Promise.resolve();
    const replaced = new Map<string | symbol, unknown>([
      ['release', nothing],
      [Symbol.asyncDispose, nothing],
      ['startTransaction', (level?: string) => this.assertLevel(level)],
      ['commitTransaction', nothing],
      ['rollbackTransaction', async () => void (this.failure ??= { error: new Error('A part was rolled back.') })],
    ]);
    return new Proxy(queryRunner, {
      get: (target, name) => replaced.get(name) ?? (Reflect.get(target, name) as unknown),
    });
  }

  private async assertLevel(level = 'READ COMMITTED'): Promise<void> {
    if (level === 'READ COMMITTED') return;
    throw new Error(
      `A part of a transaction of Database cannot have the isolation level ${level}: use Database.independently(), or leave the level out.`,
    );
  }

  private async endOfJoinedWork(): Promise<void> {
    while (this.joined.size > 0 && !this.failure) await Promise.race(this.joined).catch(() => undefined);
    if (this.failure) throw this.doomedError;
  }

  private async send(): Promise<void> {
    // PostgreSQL answers the COMMIT of a failed transaction with a silent ROLLBACK.
    if (await isFailed(this.queryRunner)) throw new TransactionDoomedError();
    await this.queryRunner.commitTransaction().catch((error: unknown) => {
      throw [...this.errorMappers].reduce((mapped, mapper) => mapper(mapped), error);
    });
  }

  private note(failure: unknown): void {
    this.failure ??= { error: failure };
    this.state = 'rolled back';
  }

  private get doomedError(): TransactionDoomedError {
    return new TransactionDoomedError(this.failure?.error);
  }
}

/** Keeps the promise in the set until it is settled, and returns it. */
function tracked<T>(promise: Promise<T>, running: Set<Promise<unknown>>): Promise<T> {
  const forget = () => void running.delete(promise);
  running.add(promise);
  promise.then(forget, forget);
  return promise;
}

async function isFailed(queryRunner: QueryRunner): Promise<boolean> {
  const client = (await queryRunner.connect()) as Client & { readonly readyForQuery?: boolean };
  // The driver rejects a query at the ErrorResponse, before the ReadyForQuery message with the state of the
  // transaction. Another query waits for that message. Otherwise, the COMMIT of a failed transaction would seem to
  // succeed.
  if (client.readyForQuery !== true) await client.query('SELECT').catch(() => undefined);
  return client.getTransactionStatus() === 'E';
}
