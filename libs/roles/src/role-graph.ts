/**
 * The largest number of permissions of a role, also through the roles that it includes. Followers limit the length of
 * the message that has all of them.
 */
export const MAX_PERMISSIONS = 2000;

/** A role with its own permissions and the roles that it includes. */
export interface RoleNode {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly includes: readonly string[];
}

/** All roles of the application, and the permissions that each has through the roles that it includes. */
export class RoleGraph {
  private readonly nodes: ReadonlyMap<string, RoleNode>;

  constructor(roles: readonly RoleNode[]) {
    this.nodes = new Map(roles.map((role) => [role.name, role]));
  }

  /** Every permission of the role, its own and those of the roles that it includes, sorted, each once. */
  permissionsOf(name: string): readonly string[] {
    const permissions = [...this.reachableFrom(name)].flatMap((role) => this.nodes.get(role)?.permissions ?? []);
    return [...new Set(permissions)].sort();
  }

  /** The role, and every role that includes it directly or through others. */
  dependentsOf(name: string): readonly string[] {
    return [...this.nodes.keys()].filter((role) => this.reachableFrom(role).has(name));
  }

  /** The included role through which the role would include itself; `undefined` if there is none. */
  cycleOf(name: string): string | undefined {
    return this.nodes.get(name)?.includes.find((included) => this.reachableFrom(included).has(name));
  }

  private reachableFrom(name: string, found = new Set<string>()): Set<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const included of this.nodes.get(name)?.includes ?? []) this.reachableFrom(included, found);
    return found;
  }
}
