import { ValidationFailedError } from 'postern/problem';
import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { UserBase } from '../user-base.entity.js';
import { EmailTakenError, UserConflictError, UserInUseError } from '../users.errors.js';

/** The fields of a `pg` error. @see PostgreSQL, appendix A */
interface PostgresError extends Error {
  readonly code?: string;
  readonly table?: string;
  readonly column?: string;
  readonly detail?: string;
}

const RESTRICT_VIOLATION = '23001';
const NOT_NULL_VIOLATION = '23502';
const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';
const CHECK_VIOLATION = '23514';
const EXCLUSION_VIOLATION = '23P01';
/** program_limit_exceeded: the value is too long for an index row. */
const LIMIT_EXCEEDED = '54000';
/** raise_exception: the default code of `RAISE` in a trigger. */
const RAISED = 'P0001';
/** Out of range, too long, or not of the type. */
const DATA_EXCEPTION = /^22/;

/**
 * Maps a database error of an INSERT or UPDATE of a user to an error of this lib if a value caused it. Returns any
 * other error unchanged.
 */
export function mapWriteError(error: unknown, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  if (DATA_EXCEPTION.test(failure?.code ?? '')) return invalid([], 'holds a value that cannot be stored', error);
  if (failure?.table === users.tableName) return mapConstraintError(error, users);
  // PostgreSQL names no table for domains, RAISE and index rows. The statement writes a user.
  if (failure && failure.table === undefined) return mapUnnamedViolation(failure, error);
  if (!isReference(failure)) return error;
  // Another table refers to a former value of the user. The detail names the referenced columns.
  const pointers = pointersIn(failure, users);
  return pointers.length > 0 ? conflict(pointers, 'is referenced by other data', error) : error;
}

/** Maps a violation of a constraint of the users table, at the statement or at the commit. */
export function mapConstraintError(error: unknown, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  if (failure?.table !== users.tableName) return error;
  const pointers = pointersIn(failure, users);
  switch (failure.code ?? '') {
    case NOT_NULL_VIOLATION:
      return invalid(pointersOf([failure.column ?? ''], users), 'must not be null', error);
    case FOREIGN_KEY_VIOLATION:
      // No caller sets `id`: this is the deletion of a user whom another user references.
      return pointers.includes('/id') ? error : invalid(pointers, 'refers to a row that does not exist', error);
    case EXCLUSION_VIOLATION:
      return conflict(pointers, 'conflicts with that of another user', error);
    case UNIQUE_VIOLATION:
      return pointers.includes('/email')
        ? new EmailTakenError(undefined, { cause: error })
        : conflict(pointers, 'belongs to another user', error);
    default:
      return mapUnnamedViolation(failure, error);
  }
}

/** Maps a violation that names no column. The text of a trigger is not public, so it stays in `cause`. */
function mapUnnamedViolation({ code }: PostgresError, error: unknown): unknown {
  if (code === CHECK_VIOLATION || code === RAISED) return invalid([], 'holds a value that is not allowed', error);
  return code === LIMIT_EXCEEDED ? invalid([], 'holds a value that cannot be stored', error) : error;
}

/** Maps a foreign key violation of a DELETE of a user. */
export function mapDeleteError(error: unknown): unknown {
  return isReference(failureOf(error)) ? new UserInUseError(undefined, { cause: error }) : error;
}

/** Maps such a violation at the commit if it names this user. Other statements of the transaction may cause one too. */
export function mapDeferredDeleteError(error: unknown, user: UserBase, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  return failure?.detail?.includes(user.id) || isHeldBy(user, failure, users) ? mapDeleteError(error) : error;
}

/** Maps a violation at the commit if it names a former value of this user. */
export function mapDeferredUpdateError(error: unknown, user: UserBase, users: EntityMetadata): unknown {
  return isHeldBy(user, failureOf(error), users) ? mapWriteError(error, users) : error;
}

/** Whether the error names a key of the users table with the values of this user: `Key (a, b)=(1, 2)`. */
function isHeldBy(user: UserBase, failure: PostgresError | undefined, users: EntityMetadata): boolean {
  if (!isReference(failure)) return false;
  const values = columnsIn(failure.detail).map((name) =>
    String(users.columns.find(({ databaseName }) => databaseName === name)?.getEntityValue(user, true)),
  );
  return values.length > 0 && failure.detail!.includes(`)=(${values.join(', ')})`);
}

function failureOf(error: unknown): PostgresError | undefined {
  return error instanceof QueryFailedError ? (error.driverError as PostgresError) : undefined;
}

/** PostgreSQL 18 and later report `ON DELETE RESTRICT` as restrict_violation. */
function isReference(failure: PostgresError | undefined): failure is PostgresError {
  return failure?.code === FOREIGN_KEY_VIOLATION || failure?.code === RESTRICT_VIOLATION;
}

function pointersIn({ detail }: PostgresError, users: EntityMetadata): string[] {
  return pointersOf(columnsIn(detail), users);
}

/** The columns in `Key (a, b)=(1, 2) already exists.`, in any server language; also those inside an expression. */
function columnsIn(detail = ''): string[] {
  const key = /\((.*?)\)=\(/.exec(detail)?.[1] ?? '';
  // An expression also contains literals, types and functions.
  const columns = key.replaceAll(/'(?:[^']|'')*'|::[\w ]+|[\w.]+(?=\()/g, ' ');
  return columns.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
}

/** The JSON pointer of each known column. */
function pointersOf(names: readonly string[], users: EntityMetadata): string[] {
  const columns = names.flatMap((name) => users.columns.find(({ databaseName }) => databaseName === name) ?? []);
  const pointers = columns.map(({ propertyPath, relationMetadata, isVirtual }) => {
    const path = isVirtual && relationMetadata ? relationMetadata.propertyPath : propertyPath;
    return `/${path.replaceAll('.', '/')}`;
  });
  return [...new Set(pointers)];
}

function invalid(pointers: readonly string[], detail: string, cause: unknown): ValidationFailedError {
  const errors = (pointers.length > 0 ? pointers : ['']).map((pointer) => ({ pointer, detail }));
  return new ValidationFailedError(undefined, { cause, extensions: { errors } });
}

function conflict(pointers: readonly string[], detail: string, cause: unknown): UserConflictError {
  const errors = pointers.map((pointer) => ({ pointer, detail }));
  return new UserConflictError(undefined, { cause, ...(errors.length > 0 && { extensions: { errors } }) });
}
