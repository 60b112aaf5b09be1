import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { ALL_PERMISSIONS, PrincipalPermissions, roleTarget } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Database } from 'postern/persistence';
import type { RoleGraph } from './role-graph.js';
import { PermissionNotHeldError } from './roles.errors.js';
import { ADMINISTRATOR } from './role-name.js';

/**
 * Checks that the caller of a change has the permissions that the change concerns, in the transaction of the change:
 * another replica may have taken one of them a moment ago, and its feed is not faster than a request.
 */
@Injectable()
export class CallerRights {
  constructor(
    private readonly database: Database,
    private readonly rights: PrincipalPermissions,
  ) {}

  /**
   * Locks the users whose roles the change reads or writes, and then all roles: two changes run one after the other.
   * The order is the same everywhere, so that two changes never wait for each other.
   */
  async lock(users: readonly string[]): Promise<void> {
    const { manager } = this.database;
    // The subject of a service is not a user.
    await manager.query('SELECT FROM users WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [
      users.filter((user) => isUUID(user)),
    ]);
    await manager.query('SELECT FROM roles WHERE name = $1 FOR UPDATE', [ADMINISTRATOR]);
  }

  /** @throws PermissionNotHeldError that names the first missing permission */
  async assertHeld(permissions: readonly string[], graph: RoleGraph, caller: Principal | undefined): Promise<void> {
    const missing = caller && (await this.firstNotHeld(permissions, graph, caller));
    if (missing !== undefined) throw new PermissionNotHeldError(missing);
  }

  /**
   * The first of the permissions that the caller does not have; `undefined` if it has all of them. The name of the role
   * `administrator` stands for every permission.
   */
  async firstNotHeld(permissions: readonly string[], graph: RoleGraph, caller: Principal): Promise<string | undefined> {
    if (permissions.length === 0) return undefined;
    const missing =
      this.rights.firstMissing(caller, permissions) ??
      (caller.sessionId === undefined ? undefined : await this.firstLost(permissions, graph, caller));
    return missing === ALL_PERMISSIONS ? ADMINISTRATOR : missing;
  }

  /** The first permission that the stored roles of the caller do not have. */
  private async firstLost(
    permissions: readonly string[],
    graph: RoleGraph,
    { subject, roles, issuedAt }: Principal,
  ): Promise<string | undefined> {
    const taken = await this.database.manager.query<{ target: string }[]>(
      `SELECT target FROM revocations WHERE kind = 'role' AND target = ANY ($1) AND before >= to_timestamp($2)`,
      [roles.map((role) => roleTarget(subject, role)), issuedAt],
    );
    const lost = new Set(taken.map(({ target }) => target));
    const held = new Set(
      roles.filter((role) => !lost.has(roleTarget(subject, role))).flatMap((role) => graph.permissionsOf(role)),
    );
    return held.has(ALL_PERMISSIONS) ? undefined : permissions.find((permission) => !held.has(permission));
  }
}
