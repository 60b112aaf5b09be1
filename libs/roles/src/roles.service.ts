import { Injectable } from '@nestjs/common';
import { isDefinedPermission } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Database, Events } from 'postern/persistence';
import { ValidationFailedError } from 'postern/problem';
import type { ProblemIssue } from 'postern/problem';
import { CallerRights } from './caller-rights.js';
import { MAX_PERMISSIONS, RoleGraph } from './role-graph.js';
import { RolePublisher } from './role-publisher.js';
import { Role } from './role.entity.js';
import { RoleCycleError, RoleExistsError, RoleInUseError, RoleNotFoundError, SystemRoleError } from './roles.errors.js';
import { RoleChanged, RoleCreated, RoleDeleted } from './roles.events.js';

/** What a role is made of. */
export interface RoleDefinition {
  /** Lower case, digits, and hyphens; at most 64 characters. */
  readonly name: string;
  /** The purpose of the role, at most 255 characters. */
  readonly description: string;
  /** Defined permissions. */
  readonly permissions: readonly string[];
  /** The names of roles whose permissions the role has as well. */
  readonly includes?: readonly string[] | undefined;
}

/** A role, and all permissions that it has through the roles that it includes. */
export interface RoleWithPermissions extends Role {
  readonly effectivePermissions: readonly string[];
}

/**
 * Reads and writes roles. Every verifier applies a change within a second after the commit.
 *
 * The optional `caller` must have each permission that a change adds to a role or takes from it, and each permission of
 * a role that it deletes. Without a caller, as in your own seed, every change is allowed.
 */
@Injectable()
export class RolesService {
  constructor(
    private readonly database: Database,
    private readonly publisher: RolePublisher,
    private readonly callers: CallerRights,
    private readonly events: Events,
  ) {}

  /** All roles, sorted by name. */
  async list(): Promise<RoleWithPermissions[]> {
    const roles = await this.database.manager.find(Role, { order: { name: 'ASC' } });
    const graph = new RoleGraph(roles);
    return roles.map((role) => Object.assign(role, { effectivePermissions: graph.permissionsOf(role.name) }));
  }

  /** @throws RoleNotFoundError */
  async read(name: string): Promise<RoleWithPermissions> {
    const role = (await this.list()).find((existing) => existing.name === name);
    if (!role) throw new RoleNotFoundError();
    return role;
  }

  /**
   * @throws RoleExistsError @throws ValidationFailedError for an unknown permission or an unknown included role
   * @throws PermissionNotHeldError
   */
  async create(definition: RoleDefinition, caller?: Principal): Promise<RoleWithPermissions> {
    const { name, description, permissions, includes = [] } = definition;
    return this.change(caller, async (roles) => {
      if (roles.some((role) => role.name === name)) throw new RoleExistsError();
      const role = { name, description, permissions: unique(permissions), includes: unique(includes) };
      const before = new RoleGraph(roles);
      const graph = this.checked([...roles, Object.assign(new Role(), role)], name, []);
      await this.callers.assertHeld(graph.permissionsOf(name), before, caller);
      await this.database.manager.insert(Role, role);
      await this.publisher.publish(name, graph.permissionsOf(name));
      this.events.publish(new RoleCreated(name));
      return this.read(name);
    });
  }

  /**
   * Changes the given members of a role.
   *
   * @throws RoleNotFoundError @throws SystemRoleError @throws RoleCycleError @throws PermissionNotHeldError
   * @throws ValidationFailedError for an unknown permission or an unknown included role
   */
  async update(
    name: string,
    changes: Partial<Omit<RoleDefinition, 'name'>>,
    caller?: Principal,
  ): Promise<RoleWithPermissions> {
    return this.change(caller, async (roles) => {
      const role = roles.find((existing) => existing.name === name);
      if (!role) throw new RoleNotFoundError();
      if (role.isSystem) throw new SystemRoleError();
      const before = new RoleGraph(roles);
      const changed = Object.assign(new Role(), role, {
        description: changes.description ?? role.description,
        permissions: changes.permissions ? unique(changes.permissions) : role.permissions,
        includes: changes.includes ? unique(changes.includes) : role.includes,
      });
      // A permission that was defined when the role got it, and is no longer, may stay.
      const graph = this.checked([...roles.filter((other) => other !== role), changed], name, role.permissions);
      await this.callers.assertHeld(
        differenceOf(before.permissionsOf(name), graph.permissionsOf(name)),
        before,
        caller,
      );
      const { description, permissions, includes } = changed;
      await this.database.manager.update(Role, { name }, { description, permissions, includes });
      for (const dependent of graph.dependentsOf(name)) {
        const effective = graph.permissionsOf(dependent);
        if (!isSame(effective, before.permissionsOf(dependent))) await this.publisher.publish(dependent, effective);
      }
      this.events.publish(new RoleChanged(name));
      return this.read(name);
    });
  }

  /**
   * Deletes a role, and takes it from all users.
   *
   * @throws RoleNotFoundError @throws SystemRoleError @throws RoleInUseError if another role includes it
   * @throws PermissionNotHeldError
   */
  async remove(name: string, caller?: Principal): Promise<void> {
    await this.change(caller, async (roles) => {
      const role = roles.find((existing) => existing.name === name);
      if (!role) throw new RoleNotFoundError();
      if (role.isSystem) throw new SystemRoleError();
      const user = roles.find(({ includes }) => includes.includes(name));
      if (user) throw new RoleInUseError(`The role "${user.name}" includes it.`);
      const graph = new RoleGraph(roles);
      await this.callers.assertHeld(graph.permissionsOf(name), graph, caller);
      await this.database.manager.delete(Role, { name });
      await this.publisher.publishEnd(name);
      this.events.publish(new RoleDeleted(name));
    });
  }

  /** One change at a time: two concurrent changes could make a cycle, or grant what a caller has just lost. */
  private change<T>(caller: Principal | undefined, work: (roles: readonly Role[]) => Promise<T>): Promise<T> {
    return this.database.transaction(async () => {
      await this.callers.lock(caller ? [caller.subject] : []);
      return work(await this.database.manager.find(Role, { order: { name: 'ASC' } }));
    });
  }

  private checked(roles: readonly Role[], name: string, accepted: readonly string[]): RoleGraph {
    const role = roles.find((other) => other.name === name)!;
    const issues: ProblemIssue[] = [];
    for (const [index, permission] of role.permissions.entries()) {
      if (isDefinedPermission(permission) || accepted.includes(permission)) continue;
      issues.push({ pointer: `/permissions/${index}`, detail: 'There is no such permission. See GET /permissions.' });
    }
    for (const [index, included] of role.includes.entries()) {
      if (roles.some((other) => other.name === included)) continue;
      issues.push({ pointer: `/includes/${index}`, detail: 'There is no such role. See GET /roles.' });
    }
    if (issues.length > 0) throw ValidationFailedError.of(issues);
    const graph = new RoleGraph(roles);
    const cycle = graph.cycleOf(name);
    if (cycle !== undefined) throw new RoleCycleError(`The role "${cycle}" includes "${name}".`);
    const large = graph.dependentsOf(name).find((other) => graph.permissionsOf(other).length > MAX_PERMISSIONS);
    if (large !== undefined) {
      const pointer =
        role.permissions.length > MAX_PERMISSIONS || role.includes.length === 0 ? '/permissions' : '/includes';
      const detail = `The role "${large}" would have more than ${MAX_PERMISSIONS} permissions.`;
      throw ValidationFailedError.of([{ pointer, detail }]);
    }
    return graph;
  }
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** The permissions that only one of both lists has. */
function differenceOf(before: readonly string[], after: readonly string[]): string[] {
  return [...before, ...after].filter((permission) => !before.includes(permission) || !after.includes(permission));
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
