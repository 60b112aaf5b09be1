/** The stable codes of the errors of `postern/persistence`. */
export type PersistenceErrorCode = 'transaction-doomed' | 'migrations-pending' | 'isolation-level';

/**
 * A transaction could not be committed, because a part of its work had failed and the failure was swallowed; or it was
 * rolled back, and this part of it went on. Nothing of it was written and none of its events were published. The first
 * failure is the
 * `cause`.
 */
export class TransactionDoomedError extends Error {
  readonly code = 'transaction-doomed' satisfies PersistenceErrorCode;

  constructor(cause?: unknown) {
    super(
      'A part of this transaction failed, so that all of it was rolled back: let the failure pass through, or do that part with Database.independently().',
      { cause },
    );
    this.name = 'TransactionDoomedError';
  }
}

/** The schema is older than the code, and migrating it was left to the operator. */
export class PendingMigrationsError extends Error {
  readonly code = 'migrations-pending' satisfies PersistenceErrorCode;

  /** @param pending names of the migrations that are still to run, in their order */
  constructor(readonly pending: readonly string[] = []) {
    super(
      `The database is behind by ${pending.length} migration(s): ${pending.join(', ')}. ` +
        'Run them before this server starts, or let the server run them itself by the setting `migrate: true`.',
    );
    this.name = 'PendingMigrationsError';
  }
}

/** The database isolates transactions otherwise than all that is locked here counts on. */
export class IsolationLevelError extends Error {
  readonly code = 'isolation-level' satisfies PersistenceErrorCode;

  /** @param level what PostgreSQL says of it */
  constructor(level = 'unknown') {
    super(
      `The database has default_transaction_isolation = '${level}', under which who waited for a lock does not see what was changed ` +
        `meanwhile: say ALTER ROLE … SET default_transaction_isolation = 'read committed' for the user of the connection.`,
    );
    this.name = 'IsolationLevelError';
  }
}
