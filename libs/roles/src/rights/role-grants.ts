import { Injectable } from '@nestjs/common';
import { ALL_PERMISSIONS } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Database } from 'postern/persistence';
import { ValidationFailedError } from 'postern/problem';
import { CallerRights } from '../caller-rights.js';
import { RoleGraph } from '../role-graph.js';
import { Role } from '../role.entity.js';

/** Decides who may give roles to a user who does not exist yet, such as an invited person. */
@Injectable()
export class RoleGrants {
  constructor(
    private readonly database: Database,
    private readonly callers: CallerRights,
  ) {}

  /**
   * Allows the caller to give these roles. Call it in the transaction that stores the grant.
   *
   * @throws ValidationFailedError for an unknown role, with a pointer to `/roles` @throws PermissionNotHeldError
   */
  async assertMayGrant(roles: readonly string[], caller: Principal): Promise<void> {
    await this.callers.lock([caller.subject]);
    const all = await this.database.manager.find(Role);
    const issues = roles.flatMap((name, index) =>
      all.some((role) => role.name === name)
        ? []
        : [{ pointer: `/roles/${index}`, detail: 'There is no such role. See GET /roles.' }],
    );
    if (issues.length > 0) throw ValidationFailedError.of(issues);
    const graph = new RoleGraph(all);
    for (const name of roles) await this.callers.assertHeld(graph.permissionsOf(name), graph, caller);
  }

  /**
   * Locks the user and all roles in the current transaction, so that neither changes before its end. Call it before
   * {@link isGrantable}, and before any other row is locked.
   */
  async lock(userId: string): Promise<void> {
    await this.callers.lock([userId]);
  }

  /**
   * Whether a holder of `held` has a permission and each permission of `roles`, and all of `roles` exist, by the
   * current roles in the database.
   */
  async isGrantable(roles: readonly string[], held: readonly string[], permission: string): Promise<boolean> {
    const all = await this.database.manager.find(Role);
    if (!roles.every((name) => all.some((role) => role.name === name))) return false;
    const graph = new RoleGraph(all);
    const permissions = new Set(held.flatMap((name) => graph.permissionsOf(name)));
    if (permissions.has(ALL_PERMISSIONS)) return true;
    return [permission, ...roles.flatMap((name) => graph.permissionsOf(name))].every((needed) =>
      permissions.has(needed),
    );
  }
}
