import { Injectable } from '@nestjs/common';
import { InvalidTokenError, PrincipalMapper, TrustedIssuers } from 'postern/auth';
import type { Principal } from 'postern/auth';
import type { UserBase } from './user-base.entity.js';
import { UsersService } from './users.service.js';

/**
 * Gives `@CurrentUser()` the user itself, as the team's class, loaded at each request: one query by primary key is the
 * price, so it is opt-in. A token whose user is gone or disabled is refused, and so is one that speaks for no user of
 * ours: a service's, or another issuer's.
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

  /** @throws InvalidTokenError for a subject that is no user in good standing. */
  async map(principal: Principal): Promise<U> {
    // Another issuer may write any subject: its users are not ours.
    if (principal.issuer !== this.issuers.own.issuer) throw new InvalidTokenError();
    const user = await this.users.findById(principal.subject);
    if (!user || user.disabledAt) throw new InvalidTokenError();
    return user;
  }
}
