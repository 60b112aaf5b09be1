import pg from 'pg';
import type { UserBase } from '../user-base.entity.js';

/**
 * A column of another table that has at most one row per user, found by its `user_id`.
 *
 * @example
 * ```ts
 * const passwordHash = new RelatedColumn('password_credentials', 'hash');
 * ```
 */
export class RelatedColumn {
  private readonly table: string;
  private readonly column: string;

  /**
   * @param table with its schema if that is not in the search path, such as `billing.accounts`
   * @param column its value is returned as the driver reads it
   */
  constructor(table: string, column: string) {
    this.table = table.split('.').map(pg.escapeIdentifier).join('.');
    this.column = pg.escapeIdentifier(column);
  }

  /** @internal SQL that selects the value; `userId` is an SQL expression. */
  queryFor(userId: string): string {
    return `SELECT f.${this.column} FROM ${this.table} f WHERE f.user_id = ${userId}`;
  }

  /** @internal SQL that joins the row as `f` if it has this value; `userId` and `value` are SQL expressions. */
  joinFor(userId: string, value: string): string {
    return `JOIN ${this.table} f ON f.user_id = ${userId} AND f.${this.column} = ${value}`;
  }
}

/** A user and the value of the other table; `null` if that has no row for the user. */
export interface UserWithRelated<U extends UserBase = UserBase> {
  readonly user: U;
  readonly value: unknown;
}
