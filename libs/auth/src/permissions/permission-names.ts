/**
 * The names of your permissions. Extend it with the result of `definePermissions`, and `@RequirePermissions` accepts
 * only these names and the names of Postern. It is empty by default, and then every `resource:action` compiles.
 *
 * @example
 * ```ts
 * type BillingPermissions = typeof billingPermissions;
 * declare module 'postern/auth' {
 *   interface PermissionNames extends BillingPermissions {}
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- applications extend it
export interface PermissionNames {}

/** The permissions that the routes of Postern require. */
export type PosternPermission = `${'users' | 'roles' | 'keys' | 'sessions'}:${'read' | 'write'}` | 'users:impersonate';

/** A permission that `@RequirePermissions` accepts. */
export type PermissionName = keyof PermissionNames extends never
  ? `${string}:${string}`
  : PosternPermission | Extract<keyof PermissionNames, string>;
