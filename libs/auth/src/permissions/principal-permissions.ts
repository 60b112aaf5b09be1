import { Injectable } from '@nestjs/common';
import { RevocationSet } from '../revocations/revocation-set.js';
import type { Principal } from '../guard/principal.js';

/**
 * The roles and permissions of a principal, as of now. A token of a user names roles, and this process knows the
 * permissions of each role from the revocation feed. A token of a service has the permissions that its scopes name.
 *
 * Every method reads only memory.
 */
@Injectable()
export class PrincipalPermissions {
  constructor(private readonly revocations: RevocationSet) {}

  /**
   * The roles of the token, without those that were taken from the user or deleted after the token was issued. A role
   * of an additional issuer counts only if this process follows a feed by which that issuer publishes its roles.
   */
  rolesOf(principal: Principal): readonly string[] {
    return principal.roles.filter((role) => this.revocations.hasRole(principal, role));
  }

  /** Whether the principal has the role. */
  hasRole(principal: Principal, role: string): boolean {
    return principal.roles.includes(role) && this.revocations.hasRole(principal, role);
  }

  /** Whether the principal has the permission: a user by one of its roles, a service by a scope of this name. */
  has(principal: Principal, permission: string): boolean {
    if (isService(principal)) return permission !== ALL_PERMISSIONS && principal.scopes.includes(permission);
    return this.rolesOf(principal).some((role) => {
      const permissions = this.revocations.permissionsOf(principal.issuer, role);
      return permissions !== undefined && (permissions.has(ALL_PERMISSIONS) || permissions.has(permission));
    });
  }

  /** Whether the principal has every permission, now and in the future: a user with the role `administrator`. */
  hasAll(principal: Principal): boolean {
    return this.has(principal, ALL_PERMISSIONS);
  }

  /** The first of the permissions that the principal does not have; `undefined` if it has all of them. */
  firstMissing(principal: Principal, permissions: Iterable<string>): string | undefined {
    for (const permission of permissions) if (!this.has(principal, permission)) return permission;
    return undefined;
  }
}

/** The permission of a role that has all permissions. No route can require it. */
export const ALL_PERMISSIONS = '*';

/** A token without a session belongs to a service. */
function isService({ sessionId }: Principal): boolean {
  return sessionId === undefined;
}
