import pg from 'pg';
import type { UserBase } from '../user-base.entity.js';

/**
 * What a table beside that of the users says of each: one of its columns, in the one row whose `user_id` is the user's.
 * @example
 * ```ts
 * const passwordHash = new RelatedColumn('password_credentials', 'hash');
 * ```
 */
export class RelatedColumn {
  private readonly table: string;
  private readonly column: string;

  /**
   * @param table with its schema where that is not in the search path, as `billing.accounts`
   * @param column whose value is given as the driver reads it
   */
  constructor(table: string, column: string) {
    this.table = table.split('.').map(pg.escapeIdentifier).join('.');
    this.column = pg.escapeIdentifier(column);
  }

  /** @internal The query for it, as SQL; `userId` is SQL as well. */
  queryFor(userId: string): string {
    return `SELECT f.${this.column} FROM ${this.table} f WHERE f.user_id = ${userId}`;
  }

  /** @internal What joins its row, as `f`, where it says this of the user; `userId` and `value` are SQL. */
  joinFor(userId: string, value: string): string {
    return `JOIN ${this.table} f ON f.user_id = ${userId} AND f.${this.column} = ${value}`;
  }
}

/** A user and what the other table says of them; `null` where it has no row for them. */
export interface UserWithRelated<U extends UserBase = UserBase> {
  readonly user: U;
  readonly value: unknown;
}
