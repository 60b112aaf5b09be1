import { Injectable, Optional } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { Session } from 'postern/sessions';
import { UserDtos, UserRoles } from 'postern/users';
import type { UserBase } from 'postern/users';
import { PersonalData } from './personal-data.js';

const PAGE_SIZE = 100;

/** The account, with the fields that `@UserField` shows to the user. */
@Injectable()
export class AccountData extends PersonalData {
  readonly name = 'account';

  constructor(private readonly schemas: UserDtos) {
    super();
  }

  async dataOf(user: UserBase): Promise<unknown> {
    return this.schemas.ownView.from(user);
  }
}

/** The sessions of the user, live and ended, without the seeds of their refresh tokens. */
@Injectable()
export class SessionData extends PersonalData {
  readonly name = 'sessions';

  constructor(private readonly database: Database) {
    super();
  }

  async *dataOf({ id: userId }: UserBase): AsyncIterable<unknown> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const page = await this.database.manager
        .createQueryBuilder(Session, 's')
        .where('s.user_id = :userId AND s.id > :after', { userId, after })
        .orderBy('s.id')
        .limit(PAGE_SIZE)
        .getMany();
      for (const session of page) {
        // Field by field: a column that is added later stays out, and so does the seed of the refresh token.
        yield {
          id: session.id,
          userAgent: session.userAgent,
          ipAddress: session.ipAddress,
          amr: session.amr,
          authenticatedAt: session.authenticatedAt,
          createdAt: session.createdAt,
          lastUsedAt: session.lastUsedAt,
          expiresAt: session.expiresAt,
          endedAt: session.endedAt,
          endedReason: session.endedReason,
        };
      }
      if (page.length < PAGE_SIZE) return;
      after = page.at(-1)!.id;
    }
  }
}

/** The names of the roles of the user; empty without `RolesModule`. */
@Injectable()
export class RoleData extends PersonalData {
  readonly name = 'roles';

  constructor(@Optional() private readonly roles?: UserRoles) {
    super();
  }

  async dataOf({ id }: UserBase): Promise<unknown> {
    return (await this.roles?.rolesOf(id)) ?? [];
  }
}
