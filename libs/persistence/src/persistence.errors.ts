/** The stable codes of the errors of `postern/persistence`. */
export type PersistenceErrorCode = 'transaction-doomed' | 'migrations-pending' | 'isolation-level' | 'database-setting';

/**
 * A part of the transaction failed and the error was swallowed, or this part continued after the rollback. PostgreSQL
 * has written nothing and no event was published. The first failure is the `cause`.
 */
export class TransactionDoomedError extends Error {
  readonly code = 'transaction-doomed' satisfies PersistenceErrorCode;

  constructor(cause?: unknown) {
    super(
      'A part of this transaction failed, so the transaction was rolled back. Rethrow the error, or run that part with Database.independently().',
      { cause },
    );
    this.name = 'TransactionDoomedError';
  }
}

/** The schema is older than the code, and `migrate` is false. */
export class PendingMigrationsError extends Error {
  readonly code = 'migrations-pending' satisfies PersistenceErrorCode;

  /** @param pending the names of the pending migrations, in their order */
  constructor(readonly pending: readonly string[] = []) {
    super(
      `The database is behind by ${pending.length} migration(s): ${pending.join(', ')}. ` +
        'Run them before the server starts, or set `migrate: true`.',
    );
    this.name = 'PendingMigrationsError';
  }
}

/** The default isolation level of the database is not READ COMMITTED, which every lock in Postern requires. */
export class IsolationLevelError extends Error {
  readonly code = 'isolation-level' satisfies PersistenceErrorCode;

  /** @param level the default isolation level that PostgreSQL reports */
  constructor(level = 'unknown') {
    super(
      `Postern requires default_transaction_isolation = 'read committed', but it is '${level}'. ` +
        `Run: ALTER ROLE … SET default_transaction_isolation = 'read committed', with the user of the connection.`,
    );
    this.name = 'IsolationLevelError';
  }
}

/** A setting of the database, of the role, or of a pooler does not suit Postern, which cannot change it. */
export class DatabaseSettingError extends Error {
  readonly code = 'database-setting' satisfies PersistenceErrorCode;

  constructor(message: string) {
    super(message);
    this.name = 'DatabaseSettingError';
  }

  /** The error for a setting of PostgreSQL, with its required value and the value that PostgreSQL reports. */
  static of(
    setting: string,
    required: string,
    actual: string,
    remedy = `Run: ALTER ROLE … SET ${setting} = '${required}', with the user of the connection.`,
  ): DatabaseSettingError {
    return new DatabaseSettingError(`Postern requires ${setting} = '${required}', but it is '${actual}'. ${remedy}`);
  }
}
