import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { ALL_PERMISSIONS, Clock, RevocationPublisher, roleTarget } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Database, Events } from 'postern/persistence';
import { ValidationFailedError } from 'postern/problem';
import { UserNotFoundError, UserRoles } from 'postern/users';
import { CallerRights } from './caller-rights.js';
import { RoleGraph } from './role-graph.js';
import { Role } from './role.entity.js';
import { AdministratorImpersonationError, LastAdministratorError } from './roles.errors.js';
import { UserRolesChanged } from './roles.events.js';
import { ADMINISTRATOR } from './role-name.js';
import { UserRole } from './user-role.entity.js';

/** The next roles of a user from the existing ones. */
type RolesFrom = (existing: readonly string[]) => readonly string[];

/** A token that is being signed while a role is taken may get an `iat` shortly after the commit. */
const SIGNING_SECONDS = 1;

/**
 * The roles of users in the database.
 *
 * @example
 * ```ts
 * await this.userRoles.replace(user.id, ['auditor']);
 * ```
 */
@Injectable()
export class UserRolesService extends UserRoles {
  constructor(
    private readonly database: Database,
    private readonly revocations: RevocationPublisher,
    private readonly callers: CallerRights,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async rolesOf(userId: string): Promise<readonly string[]> {
    const rows = await this.database.manager.query<{ role: string }[]>(
      'SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role',
      [userId],
    );
    return rows.map(({ role }) => role);
  }

  /**
   * The roles of an existing user, sorted.
   *
   * @throws UserNotFoundError
   */
  async read(userId: string): Promise<readonly string[]> {
    if (!isUUID(userId)) throw new UserNotFoundError();
    const [user] = await this.database.manager.query<object[]>('SELECT FROM users WHERE id = $1', [userId]);
    if (!user) throw new UserNotFoundError();
    return this.rolesOf(userId);
  }

  /**
   * Gives the user these roles and no others. Every verifier rejects a role that was taken within a second after the
   * commit. A new role takes effect with the next access token of the user.
   *
   * @param caller must have every permission of each role that the user gets or loses; absent for code of your own
   * @returns the roles of the user, sorted
   * @throws UserNotFoundError @throws PermissionNotHeldError @throws LastAdministratorError
   * @throws ValidationFailedError for an unknown role
   */
  async replace(userId: string, roles: readonly string[], caller?: Principal): Promise<readonly string[]> {
    return this.changeTo(userId, () => roles, caller);
  }

  /**
   * Gives the user a further role, as {@link replace} does. A role that the user has stays.
   *
   * @returns the roles of the user, sorted
   * @throws UserNotFoundError @throws PermissionNotHeldError @throws ValidationFailedError for an unknown role
   */
  async grant(userId: string, role: string, caller?: Principal): Promise<readonly string[]> {
    return this.changeTo(userId, (existing) => [role, ...existing], caller);
  }

  /**
   * Takes a role from the user, as {@link replace} does. A role that the user does not have is ignored.
   *
   * @returns the roles of the user, sorted
   * @throws UserNotFoundError @throws PermissionNotHeldError @throws LastAdministratorError
   */
  async revoke(userId: string, role: string, caller?: Principal): Promise<readonly string[]> {
    return this.changeTo(userId, (existing) => existing.filter((other) => other !== role), caller);
  }

  private async changeTo(userId: string, rolesFrom: RolesFrom, caller?: Principal): Promise<readonly string[]> {
    if (!isUUID(userId)) throw new UserNotFoundError();
    const { current, usableAt } = await this.database.transaction(() => this.change(userId, rolesFrom, caller));
    // A timer may fire early, so this waits again. A clock may stand still, so this waits at most three times.
    for (let turn = 0; turn < 3 && this.clock.now() < usableAt; turn += 1) {
      await delay(Math.min(usableAt - this.clock.now(), 1000));
    }
    return current;
  }

  override async assertMayEnd(userId: string): Promise<void> {
    const { manager } = this.database;
    // Two administrators who remove each other at the same time come here one after the other.
    await manager.query('SELECT FROM roles WHERE name = $1 FOR UPDATE', [ADMINISTRATOR]);
    const [state] = await manager.query<{ isAdministrator: boolean; hasOthers: boolean }[]>(
      `SELECT coalesce(bool_or(u.id = $1), false) AS "isAdministrator", coalesce(bool_or(u.id <> $1), false) AS "hasOthers"
       FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = $2 AND u.disabled_at IS NULL AND u.deletion_at IS NULL`,
      [userId, ADMINISTRATOR],
    );
    if (state!.isAdministrator && !state!.hasOthers) throw new LastAdministratorError();
  }

  override conditionFor(userId: string, role: string, bound?: string): string {
    const bounds = bound === undefined ? '' : ` AND r.user_id ${bound}`;
    return `EXISTS (SELECT FROM user_roles r WHERE r.role = ${role} AND r.user_id = ${userId}${bounds})`;
  }

  override async assertMayImpersonate(roles: readonly string[], caller: Principal): Promise<void> {
    const graph = new RoleGraph(await this.database.manager.find(Role));
    for (const role of roles) {
      const permissions = graph.permissionsOf(role);
      if (permissions.includes(ALL_PERMISSIONS)) throw new AdministratorImpersonationError();
      await this.callers.assertHeld(permissions, graph, caller);
    }
  }

  private async change(
    userId: string,
    rolesFrom: RolesFrom,
    caller: Principal | undefined,
  ): Promise<{ current: readonly string[]; usableAt: number }> {
    const { manager } = this.database;
    await this.callers.lock(caller ? [userId.toLowerCase(), caller.subject] : [userId.toLowerCase()]);
    const [user] = await manager.query<{ id: string }[]>('SELECT id FROM users WHERE id = $1', [userId]);
    if (!user) throw new UserNotFoundError();
    const existing = await this.rolesOf(user.id);
    const roles = rolesFrom(existing);
    const granted = [...new Set(roles)].filter((role) => !existing.includes(role));
    const revoked = existing.filter((role) => !roles.includes(role));
    if (granted.length === 0 && revoked.length === 0) return { current: existing, usableAt: 0 };

    await this.assertMayChange([...granted, ...revoked], roles, caller);
    if (revoked.includes(ADMINISTRATOR)) await this.assertMayEnd(user.id);
    for (const role of revoked) await manager.delete(UserRole, { userId: user.id, role });
    for (const role of granted) await manager.insert(UserRole, { userId: user.id, role });
    const current = await this.rolesOf(user.id);
    const usableAt = await this.usableAt(user.id, granted);
    this.events.publish(new UserRolesChanged(user.id, granted, revoked));
    // Last, so that little time passes before the commit.
    const before = await this.publishRevoked(user.id, revoked);
    // A slow commit: tokens that were issued in the meantime name the role, and their `iat` is later than `before`.
    if (revoked.length > 0) this.database.afterCommit(() => this.coverSlowCommit(user.id, revoked, before));
    return { current, usableAt };
  }

  private async publishRevoked(userId: string, roles: readonly string[]): Promise<number> {
    const before = Math.floor(this.clock.now() / 1000) + SIGNING_SECONDS;
    for (const role of roles) {
      await this.revocations.publish({
        kind: 'role',
        target: roleTarget(userId, role),
        before,
        reason: 'role-revoked',
      });
    }
    return before;
  }

  private async coverSlowCommit(userId: string, roles: readonly string[], before: number): Promise<void> {
    if (this.clock.now() < before * 1000) return;
    await this.database.transaction(async () => {
      await this.callers.lock([userId]);
      const current = await this.rolesOf(userId);
      await this.publishRevoked(
        userId,
        roles.filter((role) => !current.includes(role)),
      );
    });
  }

  /**
   * When verifiers accept new tokens with these roles, in epoch milliseconds. A role that was taken a moment ago is
   * still rejected in tokens of the same second.
   */
  private async usableAt(userId: string, roles: readonly string[]): Promise<number> {
    const [row] = await this.database.manager.query<{ before: number | null }[]>(
      `SELECT extract(epoch FROM max(before))::float8 AS before FROM revocations WHERE kind = 'role' AND target = ANY ($1)`,
      [roles.map((role) => roleTarget(userId, role))],
    );
    return typeof row?.before === 'number' ? (row.before + 1) * 1000 : 0;
  }

  private async assertMayChange(
    changed: readonly string[],
    requested: readonly string[],
    caller: Principal | undefined,
  ): Promise<void> {
    const all = await this.database.manager.find(Role);
    const issues = requested.flatMap((name, index) =>
      all.some((role) => role.name === name)
        ? []
        : [{ pointer: `/roles/${index}`, detail: 'There is no such role. See GET /roles.' }],
    );
    if (issues.length > 0) throw ValidationFailedError.of(issues);
    if (!caller) return;
    const graph = new RoleGraph(all);
    for (const name of changed) await this.callers.assertHeld(graph.permissionsOf(name), graph, caller);
  }
}
