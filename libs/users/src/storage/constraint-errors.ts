import { ValidationFailedError } from 'postern/problem';
import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { UserBase } from '../user-base.entity.js';
import { EmailTakenError, UserConflictError, UserInUseError } from '../users.errors.js';

/** What `pg` tells of a failed statement. @see PostgreSQL, appendix A */
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
/** program_limit_exceeded: longer than the row of an index may be. */
const LIMIT_EXCEEDED = '54000';
/** raise_exception: what a trigger raises that names no other code. */
const RAISED = 'P0001';
/** Out of range, too long, not of the type. */
const DATA_EXCEPTION = /^22/;

/**
 * What the database's refusal to write a user means to the caller: the error of this lib where a value is to blame, the
 * same error where it is not.
 */
export function mapWriteError(error: unknown, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  if (DATA_EXCEPTION.test(failure?.code ?? '')) return invalid([], 'holds a value that cannot be stored', error);
  if (failure?.table === users.tableName) return mapConstraintError(error, users);
  // For a domain, for what a trigger raises and for a row of an index PostgreSQL names no table; the statement is that of a user.
  if (failure && failure.table === undefined) return valueRefusal(failure, error);
  if (!isReference(failure)) return error;
  // The row of another table refers to a value of this one, and the columns are named that it refers to.
  const pointers = pointersIn(failure, users);
  return pointers.length > 0 ? conflict(pointers, 'is what other data refers to', error) : error;
}

/** The same where a constraint of the table of users refuses, be it at the statement or at the commit. */
export function mapConstraintError(error: unknown, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  if (failure?.table !== users.tableName) return error;
  const pointers = pointersIn(failure, users);
  switch (failure.code ?? '') {
    case NOT_NULL_VIOLATION:
      return invalid(pointersOf([failure.column ?? ''], users), 'must not be null', error);
    case FOREIGN_KEY_VIOLATION:
      // No caller gives the id: a user was deleted to whom another one refers.
      return pointers.includes('/id') ? error : invalid(pointers, 'refers to nothing that there is', error);
    case EXCLUSION_VIOLATION:
      return conflict(pointers, 'conflicts with that of another user', error);
    case UNIQUE_VIOLATION:
      return pointers.includes('/email')
        ? new EmailTakenError(undefined, { cause: error })
        : conflict(pointers, 'belongs to another user', error);
    default:
      return valueRefusal(failure, error);
  }
}

/** What refuses a value and does not tell which. The text of a trigger stays the cause: nobody wrote it for the public. */
function valueRefusal({ code }: PostgresError, error: unknown): unknown {
  if (code === CHECK_VIOLATION || code === RAISED) return invalid([], 'holds a value that is not allowed', error);
  return code === LIMIT_EXCEEDED ? invalid([], 'holds a value that cannot be stored', error) : error;
}

/** What the database's refusal to delete a user means to the caller. */
export function mapDeleteError(error: unknown): unknown {
  return isReference(failureOf(error)) ? new UserInUseError(undefined, { cause: error }) : error;
}

/** The same at the commit, when the refusal may be one of something else in the transaction: where it names what this user held. */
export function mapDeferredDeleteError(error: unknown, user: UserBase, users: EntityMetadata): unknown {
  const failure = failureOf(error);
  return failure?.detail?.includes(user.id) || isHeldBy(user, failure, users) ? mapDeleteError(error) : error;
}

/** What a refusal at the commit means to who has changed the user, where it names what this user held before. */
export function mapDeferredUpdateError(error: unknown, user: UserBase, users: EntityMetadata): unknown {
  return isHeldBy(user, failureOf(error), users) ? mapWriteError(error, users) : error;
}

/** Whether the refusal names a key of the table of users, with the values that this user has in it: `Key (a, b)=(1, 2)`. */
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

/** Since PostgreSQL 18 what `ON DELETE RESTRICT` keeps has a code of its own. */
function isReference(failure: PostgresError | undefined): failure is PostgresError {
  return failure?.code === FOREIGN_KEY_VIOLATION || failure?.code === RESTRICT_VIOLATION;
}

function pointersIn({ detail }: PostgresError, users: EntityMetadata): string[] {
  return pointersOf(columnsIn(detail), users);
}

/** The columns of `Key (a, b)=(1, 2) already exists.`, in whatever language the server speaks; an expression counts by those in it. */
function columnsIn(detail = ''): string[] {
  const key = /\((.*?)\)=\(/.exec(detail)?.[1] ?? '';
  // In an expression stand texts, types and functions as well.
  const columns = key.replaceAll(/'(?:[^']|'')*'|::[\w ]+|[\w.]+(?=\()/g, ' ');
  return columns.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
}

/** The pointers of those columns that there are, each once. */
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
