import {
  ANY_PERMISSION,
  FOR_SERVICES,
  NO_IMPERSONATION,
  NO_INVALID_TOKEN,
  OPTIONAL,
  OWN_ISSUER,
  PERMISSIONS,
  POLICIES,
  PUBLIC,
  recordRule,
  ROLES,
  SCOPES,
} from './access-rules.js';
import { isScopeToken } from 'postern/jws';
import { isPermission } from '../permissions/define-permissions.js';
import type { Type } from '@nestjs/common';
import type { PermissionName } from '../permissions/permission-names.js';
import type { Policy } from '../permissions/policy.js';

/**
 * Allows requests without a token, for a route or for every route of a controller. A method of a public controller
 * still needs a token if it has `@RequireScopes`, `@OwnIssuerOnly`, or the guard by `@UseGuards`.
 *
 * A subclass of a public controller is not public, and neither is a method that overrides a public one: each needs
 * its own `@Public()`. A method that a subclass inherits unchanged keeps its own `@Public()`.
 *
 * @example
 * ```ts
 * \@Public()
 * \@Get('prices')
 * prices() {}
 * ```
 */
export const Public = (): MethodDecorator & ClassDecorator => recordRule(PUBLIC);

/**
 * Allows requests without a token, and verifies the token if there is one: `@CurrentPrincipal()` and `@CurrentUser()`
 * are undefined without a token. An invalid token is 401; with `invalidToken: 'ignore'`, the request counts as one
 * without a token. Scopes and `@OwnIssuerOnly` of the route and its controller apply to every request with a valid
 * token.
 *
 * On a controller, it applies to each method without rules of its own: a method with `@RequireScopes`,
 * `@OwnIssuerOnly`, or the guard by `@UseGuards` needs a token. It wins over `@Public()` on the same method or class.
 * Subclasses and overrides inherit it as little as `@Public()`.
 *
 * @throws Error at load if `invalidToken` is neither `reject` nor `ignore`
 * @example
 * ```ts
 * \@OptionalAuth()
 * \@Get('articles')
 * articles(@CurrentPrincipal() reader?: Principal) {}
 * ```
 */
export const OptionalAuth = (
  options: { readonly invalidToken?: 'reject' | 'ignore' | undefined } = {},
): MethodDecorator & ClassDecorator => {
  const { invalidToken = 'reject' } = options;
  if (!['reject', 'ignore'].includes(invalidToken)) {
    throw new Error('@OptionalAuth: "invalidToken" must be "reject" or "ignore".');
  }
  const rules = [recordRule(OPTIONAL), ...(invalidToken === 'reject' ? [recordRule(NO_INVALID_TOKEN)] : [])];
  return (...target: [object, (string | symbol)?, PropertyDescriptor?]): void => {
    for (const rule of rules) rule(...(target as Parameters<MethodDecorator>));
  };
};

/**
 * Requires all of the scopes. Scopes add up: those of the method, of the methods that it overrides, of its controller,
 * and of the classes that the controller extends. Several decorators on one method add up, too. A token that lacks a
 * scope gets 403 `insufficient-scope`.
 *
 * @throws Error at load if a scope is not a scope token
 * @see RFC 6749 §3.3
 * @example
 * ```ts
 * \@RequireScopes('orders:read')
 * \@Get('orders')
 * orders() {}
 * ```
 */
export const RequireScopes = (...scopes: string[]): MethodDecorator & ClassDecorator => {
  const malformed = scopes.find((scope) => !isScopeToken(scope));
  if (scopes.length === 0 || malformed !== undefined) {
    throw new Error(`@RequireScopes needs scope tokens such as "orders:read", but got "${malformed ?? ''}".`);
  }
  return recordRule(SCOPES, scopes);
};

/**
 * Rejects the tokens of additional `issuers` with 401. Use it for routes that use the subject as a user of this
 * application, or a scope that only this application grants: another issuer can write any subject and any scope.
 * Subclasses and overrides inherit the rule. All routes of Postern have it.
 *
 * @example
 * ```ts
 * \@OwnIssuerOnly()
 * \@Controller('account')
 * ```
 */
export const OwnIssuerOnly = (): MethodDecorator & ClassDecorator => recordRule(OWN_ISSUER);

/**
 * Rejects a token by which an administrator acts as another user (claim `act`) with 403 `impersonation-not-allowed`.
 * Use it for routes that change credentials, or that only the user may call. Subclasses and overrides inherit the rule.
 *
 * @see RFC 8693 §4.1
 * @example
 * ```ts
 * \@NoImpersonation()
 * \@Post('payments')
 * pay() {}
 * ```
 */
export const NoImpersonation = (): MethodDecorator & ClassDecorator => recordRule(NO_IMPERSONATION);

/**
 * Allows services, whose tokens have no session, without a call of the `PrincipalMapper`, which maps users:
 * `@CurrentUser()` is undefined for services. The token and its scopes are still required.
 *
 * On a controller, it applies to each route of the controller. In a subclass, it applies to the methods that the
 * subclass inherits unchanged, and not to methods that the subclass adds or overrides: they may need a user.
 *
 * @example
 * ```ts
 * \@ForServices()
 * \@RequireScopes('orders:export')
 * \@Controller('export')
 * ```
 */
export const ForServices = (): MethodDecorator & ClassDecorator => recordRule(FOR_SERVICES);

/**
 * Requires all of the permissions: of a user by its roles, of a service by its scopes. Permissions add up as scopes do.
 * A principal that lacks one gets 403 `permission-missing`, which names it.
 *
 * @throws Error at load if a permission is malformed. The start fails if no module defines the permission.
 * @example
 * ```ts
 * \@RequirePermissions('invoices:approve')
 * \@Post('invoices/:id/approval')
 * approve() {}
 * ```
 */
export const RequirePermissions = (...permissions: PermissionName[]): MethodDecorator & ClassDecorator =>
  recordRule(PERMISSIONS, checkedPermissions('RequirePermissions', permissions));

/**
 * Requires one of the permissions. Several decorators add up: each of them requires one of its permissions.
 *
 * @throws Error at load if a permission is malformed. The start fails if no module defines the permission.
 * @example
 * ```ts
 * \@RequireAnyPermission('invoices:approve', 'invoices:audit')
 * ```
 */
export const RequireAnyPermission = (...permissions: PermissionName[]): MethodDecorator & ClassDecorator =>
  recordRule(ANY_PERMISSION, [checkedPermissions('RequireAnyPermission', permissions)]);

/**
 * Requires one of the roles. Several decorators add up: each of them requires one of its roles. A principal without
 * any of them gets 403 `role-missing`. Prefer `@RequirePermissions`: an administrator can change what a role may do.
 *
 * @throws Error at load if there is no role, or if a name is empty
 * @example
 * ```ts
 * \@RequireRoles('auditor', 'accountant')
 * ```
 */
export const RequireRoles = (...roles: string[]): MethodDecorator & ClassDecorator => {
  if (roles.length === 0 || roles.some((role) => typeof role !== 'string' || role === '')) {
    throw new Error('@RequireRoles needs names of roles such as "auditor".');
  }
  return recordRule(ROLES, [roles]);
};

/**
 * Requires that each of the policies allows the request. Policies add up as scopes do. The classes must be providers of
 * a module of the application, or the start fails.
 *
 * @throws Error at load if there is no policy
 * @example
 * ```ts
 * \@UsePolicy(InvoiceOwnerPolicy)
 * \@Get('invoices/:id')
 * read() {}
 * ```
 */
export const UsePolicy = (...policies: Type<Policy>[]): MethodDecorator & ClassDecorator => {
  // Two files that import each other may pass a class that is not loaded yet.
  if (policies.length === 0 || policies.some((policy) => typeof policy !== 'function')) {
    throw new Error('@UsePolicy needs classes that extend Policy. Check for two files that import each other.');
  }
  return recordRule(POLICIES, policies);
};

function checkedPermissions(decorator: string, permissions: readonly string[]): readonly string[] {
  const malformed = permissions.find((permission) => !isPermission(permission));
  if (permissions.length === 0 || malformed !== undefined) {
    throw new Error(`@${decorator} needs permissions such as "invoices:approve", but got "${malformed ?? ''}".`);
  }
  return permissions;
}
