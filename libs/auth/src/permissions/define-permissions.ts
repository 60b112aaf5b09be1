import type { PermissionName } from './permission-names.js';

const PERMISSION = /^[a-z][a-z0-9-]*(?::[a-z][a-z0-9-]*)+$/;
const MAX_PERMISSION_LENGTH = 64;

/** The descriptions of all defined permissions of this process, by their names. */
const defined = new Map<string, string>();

/** A permission and its description. */
export interface DefinedPermission {
  /** `resource:action`, such as `invoices:approve`. */
  readonly name: string;
  /** A sentence for administrators: the acts that the permission allows. */
  readonly description: string;
}

/**
 * Defines permissions: their names, and what they allow. Call it once for each module of your application, at the top
 * level of a file. Roles and `@RequirePermissions` can name only defined permissions.
 *
 * Add the names to `PermissionNames`, and a misspelt name does not compile.
 *
 * @param permissions the description of each permission by its name, which is `resource:action` in lower case
 * @throws Error if a name is malformed, or if it is already defined with another description
 * @example
 * ```ts
 * export const billingPermissions = definePermissions({
 *   'invoices:read': 'Read invoices',
 *   'invoices:approve': 'Approve invoices up to your limit',
 * });
 * type BillingPermissions = typeof billingPermissions;
 * declare module 'postern/auth' {
 *   interface PermissionNames extends BillingPermissions {}
 * }
 * ```
 */
export function definePermissions<const T extends Readonly<Record<string, string>>>(permissions: T): T {
  for (const [name, description] of Object.entries(permissions)) {
    if (!isPermission(name)) {
      throw new Error(
        `definePermissions: "${String(name)}" is not a permission. Write resource:action in lower case, such as "invoices:approve".`,
      );
    }
    const existing = defined.get(name);
    if (existing !== undefined && existing !== description) {
      throw new Error(
        `definePermissions: "${name}" is already defined as "${existing}". Give one of both another name, or remove one.`,
      );
    }
    defined.set(name, description);
  }
  return Object.freeze({ ...permissions });
}

/** All defined permissions of this process, by name. */
export function definedPermissions(): readonly DefinedPermission[] {
  return [...defined].map(([name, description]) => ({ name, description })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a module of this process defines the permission. */
export function isDefinedPermission(name: string): name is PermissionName {
  return defined.has(name);
}

/** Whether the text has the form of a permission. */
export function isPermission(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_PERMISSION_LENGTH && PERMISSION.test(name);
}
