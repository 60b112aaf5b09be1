import { Injectable, Optional } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { ValidationFailedError } from 'postern/problem';
import { In } from 'typeorm';
import type { FindOptionsWhere } from 'typeorm';
import { UserDtos } from '../fields/user-dtos.js';
import { escapedTable } from '../storage/escaped-table.js';
import type { UserBase } from '../user-base.entity.js';
import { UserRoles } from '../access/user-roles.js';
import { cursorAfter, keyOfCursor } from './list-cursor.js';
import type { UserSort } from './list-cursor.js';

/** The largest page size. */
export const MAX_PAGE_SIZE = 100;

/** After every character, in the order of code points. */
const LAST_CHARACTER = '\u{10ffff}';

/** A page of the list of users, and the users that it contains. */
export interface UserListQuery {
  /** The largest number of users; clamped to 1 to {@link MAX_PAGE_SIZE}. */
  readonly limit: number;
  /** The `next` of the former page, which must have the same `sort`. */
  readonly after?: string | undefined;
  /** Default: `createdAt`. */
  readonly sort?: UserSort | undefined;
  /** Only users whose e-mail address begins with this text, in any case. */
  readonly emailPrefix?: string | undefined;
  /** Only users with this role. */
  readonly role?: string | undefined;
  /** Only users that are disabled, or only the others. */
  readonly disabled?: boolean | undefined;
  /** Only users whose e-mail address is verified, or only the others. */
  readonly verified?: boolean | undefined;
}

/** A page of the list of users. */
export interface UsersPage<U extends UserBase = UserBase> {
  readonly users: readonly U[];
  /** The cursor after which the next page begins; null on the last page. */
  readonly next: string | null;
}

/**
 * Lists users page by page. Users created between two calls neither repeat nor hide a user. Each page is read through
 * an index, and costs the same.
 */
@Injectable()
export class UserList<U extends UserBase = UserBase> {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
    @Optional() private readonly roles?: UserRoles,
  ) {}

  /** @throws ValidationFailedError if `after` is malformed or has another `sort`, or if there are no roles */
  async list(query: UserListQuery): Promise<UsersPage<U>> {
    const { sort = 'createdAt' } = query;
    const size = Math.min(Math.max(Math.trunc(query.limit) || 1, 1), MAX_PAGE_SIZE);
    const { manager } = this.database;
    const values: unknown[] = [];
    // The additional row shows whether there is a next page.
    const text = this.statementOf(query, sort, size + 1, values);
    const rows = await manager.query<{ id: string; key: string }[]>(text, values);
    const page = rows.slice(0, size);
    const ids = page.map(({ id }) => id);
    const found = await manager.find(this.schemas.entity, { where: { id: In(ids) } as FindOptionsWhere<U> });
    const users = new Map(found.map((user) => [user.id, user]));
    return {
      users: ids.flatMap((id) => users.get(id) ?? []),
      next: rows.length > size ? cursorAfter(sort, page.at(-1)!.key) : null,
    };
  }

  /** Adds the values of its placeholders to `values`. */
  private statementOf(query: UserListQuery, sort: UserSort, limit: number, values: unknown[]): string {
    const metadata = this.database.manager.connection.getMetadata(this.schemas.entity);
    const columnOf = (property: string): string =>
      `u.${metadata.dataSource.driver.escape(metadata.findColumnWithPropertyName(property)!.databaseName)}`;
    const placeholder = (value: unknown): string => `$${values.push(value)}`;
    const id = columnOf('id');
    // Every collation orders by bytes here, so that one index serves the order and the prefix.
    const email = `${columnOf('email')} COLLATE "C"`;
    const isByEmail = sort.endsWith('email');
    const [key, type] = isByEmail ? [email, 'text'] : [id, 'uuid'];
    const [comparison, direction] = sort.startsWith('-') ? ['<', 'DESC'] : ['>', 'ASC'];
    const isNull = (is: boolean): string => (is ? 'IS NULL' : 'IS NOT NULL');

    const { deleteDateColumn } = metadata;
    const conditions = deleteDateColumn ? [`${columnOf(deleteDateColumn.propertyName)} IS NULL`] : [];
    const bound =
      query.after === undefined ? undefined : `${comparison} ${placeholder(keyOfCursor(sort, query.after))}::${type}`;
    if (bound !== undefined) conditions.push(`${key} ${bound}`);
    if (query.emailPrefix !== undefined) {
      const prefix = query.emailPrefix.normalize('NFKC').toLowerCase();
      conditions.push(`${email} >= ${placeholder(prefix)}`, `${email} < ${placeholder(prefix + LAST_CHARACTER)}`);
    }
    if (query.role !== undefined) {
      if (this.roles === undefined) throw noRoles();
      conditions.push(this.roles.conditionFor(id, placeholder(query.role), isByEmail ? undefined : bound));
    }
    if (query.disabled !== undefined) conditions.push(`${columnOf('disabledAt')} ${isNull(!query.disabled)}`);
    if (query.verified !== undefined) conditions.push(`${columnOf('emailVerifiedAt')} ${isNull(!query.verified)}`);
    return (
      `SELECT ${id} AS id, ${key} AS key FROM ${escapedTable(metadata)} u ` +
      `${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')} ` : ''}ORDER BY ${key} ${direction} LIMIT ${limit}`
    );
  }
}

function noRoles(): ValidationFailedError {
  return ValidationFailedError.of([{ pointer: '/role', detail: 'This application has no roles.' }]);
}
