import { ValidationFailedError } from 'postern/problem';
import { QueryFailedError, type EntityMetadata } from 'typeorm';
import { EmailTakenError, UserConflictError } from './users.errors.js';

/** What `pg` tells of a failed statement. @see PostgreSQL, appendix A */
interface PostgresError extends Error {
  readonly code?: string;
  readonly table?: string;
  readonly column?: string;
  readonly detail?: string;
}

const UNIQUE_VIOLATION = '23505';
const NOT_NULL_VIOLATION = '23502';
const CHECK_VIOLATION = '23514';
/** Out of range, too long, not of the type. */
const DATA_EXCEPTION = /^22/;

/**
 * What the database's refusal to write a user means to the caller: the error of this lib where a value is to blame, the
 * same error where it is not.
 */
export function writeRefusal(error: unknown, users: EntityMetadata): unknown {
  if (!(error instanceof QueryFailedError)) return error;
  const failure = error.driverError as PostgresError;
  const code = failure.code ?? '';
  if (DATA_EXCEPTION.test(code)) return invalid('', 'holds a value that cannot be stored', error);
  if (failure.table !== users.tableName) return error;
  if (code === NOT_NULL_VIOLATION) {
    return invalid(pointerOf(failure.column, users), 'must not be null', error);
  }
  if (code === CHECK_VIOLATION) return invalid('', 'holds a value that is not allowed', error);
  if (code !== UNIQUE_VIOLATION) return error;
  const pointers = columnsIn(failure.detail).map((column) => pointerOf(column, users));
  if (pointers.includes('/email')) return new EmailTakenError(undefined, { cause: error });
  return new UserConflictError(undefined, {
    cause: error,
    extensions: { errors: pointers.map((pointer) => ({ pointer, detail: 'belongs to another user' })) },
  });
}

/** The columns of `Key (a, b)=(1, 2) already exists.`, in whatever language the server speaks; an expression counts by the names in it. */
function columnsIn(detail = ''): string[] {
  const key = /\((.*?)\)=\(/.exec(detail)?.[1] ?? '';
  return key.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
}

function pointerOf(column: string | undefined, users: EntityMetadata): string {
  const property = users.columns.find(({ databaseName }) => databaseName === column)?.propertyName;
  return property ? `/${property}` : '';
}

function invalid(pointer: string, detail: string, cause: unknown): ValidationFailedError {
  return new ValidationFailedError(undefined, { cause, extensions: { errors: [{ pointer, detail }] } });
}
