import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { Database } from 'postern/persistence';
import { MoreThan } from 'typeorm';
import type { FindOptionsOrder, FindOptionsWhere } from 'typeorm';
import type { UserBase } from './user-base.entity.js';
import { UserDtos } from './fields/user-dtos.js';

/** Users a page, at most. */
export const MAX_PAGE_SIZE = 100;

/** A part of the list of users. */
export interface UsersPage<U extends UserBase = UserBase> {
  readonly users: readonly U[];
  /** The id after which the next page begins; null on the last page. */
  readonly next: string | null;
}

/** The list of users, oldest first, page by page: what is created meanwhile neither doubles nor hides a user. */
@Injectable()
export class UserList<U extends UserBase = UserBase> {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
  ) {}

  /**
   * At most `limit` users (1 to {@link MAX_PAGE_SIZE}; what is outside is brought inside) after the user with the id `after`. Each page
   * costs the same, however far it is from the first; ids are UUIDs of version 7, so their order is that of creation.
   */
  async list({ limit, after }: { limit: number; after?: string }): Promise<UsersPage<U>> {
    const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_PAGE_SIZE);
    if (after !== undefined && !isUUID(after)) return { users: [], next: null };
    const found = await this.database.manager.find(this.schemas.entity, {
      where: (after === undefined ? {} : { id: MoreThan(after) }) as FindOptionsWhere<U>,
      order: { id: 'ASC' } as FindOptionsOrder<U>,
      // One more than asked for tells whether there is a next page.
      take: size + 1,
    });
    const users = found.slice(0, size);
    return { users, next: found.length > size ? users.at(-1)!.id : null };
  }
}
