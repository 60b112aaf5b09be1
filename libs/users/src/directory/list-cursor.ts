import { isUUID } from 'class-validator';
import { ValidationFailedError } from 'postern/problem';

/** The orders of the list of users; `-` is descending. Ids are UUIDs of version 7: their order is that of creation. */
export const USER_SORTS = ['createdAt', '-createdAt', 'email', '-email'] as const;

/** An order of the list of users. */
export type UserSort = (typeof USER_SORTS)[number];

const MAX_EMAIL_LENGTH = 320;

/** The cursor behind this row. It is valid for this order only. */
export function cursorAfter(sort: UserSort, key: string): string {
  return Buffer.from(JSON.stringify([sort, key])).toString('base64url');
}

/**
 * The id or the e-mail address after which the page begins.
 *
 * @throws ValidationFailedError if the cursor is malformed, or if it belongs to another order
 */
export function keyOfCursor(sort: UserSort, cursor: string): string {
  const parts = partsOf(cursor);
  if (parts === undefined) throw invalid('must be the `next` of a page');
  if (parts[0] !== sort) throw invalid('belongs to another `sort`: begin again with the first page');
  return parts[1];
}

function partsOf(cursor: string): readonly [string, string] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 2) return undefined;
  const [sort, key] = parts as readonly unknown[];
  if (!USER_SORTS.includes(sort as UserSort) || typeof key !== 'string') return undefined;
  const isKey = String(sort).endsWith('createdAt') ? isUUID(key) : isEmailKey(key);
  return isKey && cursorAfter(sort as UserSort, key) === cursor ? [String(sort), key] : undefined;
}

function isEmailKey(key: string): boolean {
  return key.length <= MAX_EMAIL_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(key);
}

function invalid(detail: string): ValidationFailedError {
  return ValidationFailedError.of([{ pointer: '/after', detail }]);
}
