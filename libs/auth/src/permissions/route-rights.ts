import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InsufficientScopeError, PermissionMissingError, PolicyDeniedError, RoleMissingError } from '../auth.errors.js';
import { PrincipalPermissions } from './principal-permissions.js';
import { policyContextOf } from './policy.js';
import type { Policy } from './policy.js';
import type { ExecutionContext, Type } from '@nestjs/common';
import type { RequiredRights } from '../access/route-access.js';
import type { Principal } from '../guard/principal.js';

/** Checks the rights that a route requires. */
@Injectable()
export class RouteRights {
  private readonly policies = new Map<Type<Policy>, Policy>();
  /** Nest gives all guards of a call the same context, and two of them may be this guard. */
  private readonly allowed = new WeakMap<ExecutionContext, Principal>();

  constructor(
    private readonly permissions: PrincipalPermissions,
    private readonly module: ModuleRef,
  ) {}

  /**
   * Rejects a principal that lacks a scope, a role, or a permission.
   *
   * @throws InsufficientScopeError, RoleMissingError, PermissionMissingError
   */
  assertHeld(required: RequiredRights, principal: Principal): void {
    if (!required.scopes.every((scope) => principal.scopes.includes(scope))) {
      throw new InsufficientScopeError(required.scopes);
    }
    for (const roles of required.roles) {
      if (!roles.some((role) => this.permissions.hasRole(principal, role))) throw new RoleMissingError(roles);
    }
    for (const permission of required.permissions) {
      if (!this.permissions.has(principal, permission)) throw new PermissionMissingError([permission]);
    }
    for (const choice of required.anyPermission) {
      if (!choice.some((permission) => this.permissions.has(principal, permission))) {
        throw new PermissionMissingError(choice);
      }
    }
  }

  /**
   * Calls the policies in order, and stops at the first one that does not allow the request. It calls them once for a
   * request and a principal, also if the guard is applied twice.
   *
   * @throws PolicyDeniedError, or the error of a policy
   */
  async assertAllowed(
    { policies }: RequiredRights,
    principal: Principal,
    execution: ExecutionContext,
    user: unknown,
  ): Promise<void> {
    if (this.allowed.get(execution) === principal) return;
    const context = policyContextOf(execution, user);
    for (const policy of policies) {
      const isAllowed: unknown = await this.policyOf(policy).may(principal, context);
      if (isAllowed !== true) throw new PolicyDeniedError();
    }
    this.allowed.set(execution, principal);
  }

  /**
   * The policy of the application.
   *
   * @throws Error if no module provides it, if it is request-scoped, or if it is not a policy
   */
  policyOf(type: Type<Policy>): Policy {
    const policy = this.policies.get(type) ?? this.module.get<Policy>(type, { strict: false });
    if (typeof policy.may !== 'function') throw new Error(`${type.name} has no method "may". Extend Policy.`);
    this.policies.set(type, policy);
    return policy;
  }
}
