import { Injectable, Optional } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { ValidationFailedError } from 'postern/problem';
import { RoleGrants, UserRolesService } from 'postern/roles';
import { ClaimsProvider, Session } from 'postern/sessions';
import { UsersService } from 'postern/users';

/** The permission to invite. */
const PERMISSION = 'users:write';

/** Decides whether a user may invite a person with roles: at the invitation, and again at its acceptance. */
@Injectable()
export class InviterRights {
  constructor(
    private readonly users: UsersService,
    private readonly claims: ClaimsProvider,
    @Optional() private readonly grants?: RoleGrants,
    @Optional() private readonly userRoles?: UserRolesService,
  ) {}

  /** @throws ValidationFailedError for an unknown role @throws PermissionNotHeldError */
  async assertMayInvite(roles: readonly string[], caller: Principal): Promise<void> {
    if (this.grants === undefined && roles.length > 0) {
      throw ValidationFailedError.of([{ pointer: '/roles', detail: 'This application has no roles.' }]);
    }
    // It also locks the caller before any other row, as an acceptance does. Another order could deadlock.
    await this.grants?.assertMayGrant(roles, caller);
  }

  /**
   * Whether the user still exists, is enabled, and may invite with these roles. It locks the user and all roles in the
   * current transaction. The roles of the user are the stored ones and those of the `ClaimsProvider`.
   */
  async mayStillInvite(userId: string, roles: readonly string[]): Promise<boolean> {
    await this.grants?.lock(userId);
    const inviter = await this.users.findById(userId);
    if (!inviter || inviter.disabledAt || inviter.deletionAt) return false;
    // Without roles, no rights can be lost.
    if (this.grants === undefined || this.userRoles === undefined) return roles.length === 0;
    // The inviter may have no session now, and no authentication method counts for the claims.
    const session = Object.assign(new Session(), { userId: inviter.id, amr: [] });
    const { roles: claimed = [] } = await this.claims.claims(inviter, session);
    const held = [...(await this.userRoles.rolesOf(inviter.id)), ...claimed];
    return this.grants.isGrantable(roles, held, PERMISSION);
  }

  /** Gives the roles to the new user. Call it after {@link mayStillInvite} in the same transaction. */
  async give(userId: string, roles: readonly string[]): Promise<void> {
    if (roles.length > 0) await this.userRoles!.replace(userId, roles);
  }
}
