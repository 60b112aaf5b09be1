import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { Database } from 'postern/persistence';
import { MoreThan } from 'typeorm';
import type { FindOptionsOrder, FindOptionsWhere } from 'typeorm';
import type { UserBase } from './user-base.entity.js';
import { UserDtos } from './fields/user-dtos.js';

/** The largest page size. */
export const MAX_PAGE_SIZE = 100;

/** A page of the list of users. */
export interface UsersPage<U extends UserBase = UserBase> {
  readonly users: readonly U[];
  /** The id after which the next page begins; null on the last page. */
  readonly next: string | null;
}

/** Lists users page by page, oldest first. Users created between two calls neither repeat nor hide a user. */
@Injectable()
export class UserList<U extends UserBase = UserBase> {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
  ) {}

  /**
   * Returns at most `limit` users (clamped to 1 to {@link MAX_PAGE_SIZE}) after the user with the id `after`.
   * Every page costs the same. Ids are UUIDs of version 7, so their order is the order of creation.
   */
  async list({ limit, after }: { limit: number; after?: string }): Promise<UsersPage<U>> {
    const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_PAGE_SIZE);
    if (after !== undefined && !isUUID(after)) return { users: [], next: null };
    const rows = await this.database.manager.find(this.schemas.entity, {
      where: (after === undefined ? {} : { id: MoreThan(after) }) as FindOptionsWhere<U>,
      order: { id: 'ASC' } as FindOptionsOrder<U>,
      // The additional row shows whether there is a next page.
      take: size + 1,
    });
    const users = rows.slice(0, size);
    return { users, next: rows.length > size ? users.at(-1)!.id : null };
  }
}
