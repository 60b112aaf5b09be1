import { Injectable, Optional } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { UserNotFoundError, UserRoles, UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { CheckedSessionsSettings } from '../checked-sessions-settings.js';
import { AccountDisabledError, ImpersonationDisabledError } from '../sessions.errors.js';

/** Decides whether a caller may act as a user. */
@Injectable()
export class ImpersonationRules {
  constructor(
    private readonly settings: CheckedSessionsSettings,
    private readonly users: UsersService,
    @Optional() private readonly roles?: UserRoles,
  ) {}

  /** The maximum lifetime of a token, in seconds. @throws ImpersonationDisabledError */
  maximumSeconds(): number {
    const { enabled, maximumSeconds } = this.settings.impersonation;
    // Without roles, nothing distinguishes an administrator.
    if (!enabled || this.roles === undefined) throw new ImpersonationDisabledError();
    return maximumSeconds;
  }

  /** Call it after the row of the user is locked. @throws UserNotFoundError @throws AccountDisabledError */
  async enabledUser(userId: string): Promise<UserBase> {
    const user = await this.users.findById(userId);
    if (!user) throw new UserNotFoundError();
    if (user.disabledAt || user.deletionAt) throw new AccountDisabledError();
    return user;
  }

  /** @param roles the roles that the token would name @throws AuthError if the caller may not act as their owner */
  async assertMayHave(roles: readonly string[], caller: Principal): Promise<void> {
    await this.roles!.assertMayImpersonate(roles, caller);
  }
}
