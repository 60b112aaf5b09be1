import { Injectable } from '@nestjs/common';
import { InvalidTokenError, PrincipalMapper, TrustedIssuers } from 'postern/auth';
import type { Principal } from 'postern/auth';
import type { UserBase } from './user-base.entity.js';
import { UsersService } from './users.service.js';

/**
 * Makes `@CurrentUser()` the entity of the user. It costs one query by primary key per request, so it is opt-in.
 * It rejects a token if its user is deleted or disabled, and a token of a service or of another issuer.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer, audience, mapper: EntityPrincipalMapper });
 *
 * @Get('desk')
 * desk(@CurrentUser() employee: Employee) { return employee.costCentre; }
 * ```
 */
@Injectable()
export class EntityPrincipalMapper<U extends UserBase = UserBase> extends PrincipalMapper<U> {
  constructor(
    private readonly users: UsersService<U>,
    private readonly issuers: TrustedIssuers,
  ) {
    super();
  }

  /** @throws InvalidTokenError if the subject is not an enabled user of this application */
  async map(principal: Principal): Promise<U> {
    // Another issuer may use any subject, even the id of a user of this application.
    if (principal.issuer !== this.issuers.own.issuer) throw new InvalidTokenError();
    const user = await this.users.findById(principal.subject);
    if (!user || user.disabledAt || user.deletionAt) throw new InvalidTokenError();
    return user;
  }
}
