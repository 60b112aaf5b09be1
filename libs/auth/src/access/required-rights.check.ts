import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { handlersOf } from './application-handlers.js';
import { isDefinedPermission } from '../permissions/define-permissions.js';
import { RouteRights } from '../permissions/route-rights.js';
import { routeAccess } from './route-access.js';
import type { OnModuleInit, Type } from '@nestjs/common';
import type { Policy } from '../permissions/policy.js';

/** Fails the start if a route requires a permission that no module defines, or a policy that no module provides. */
@Injectable()
export class RequiredRightsCheck implements OnModuleInit {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly rights: RouteRights,
  ) {}

  /** @throws Error that names the handler and the fix */
  onModuleInit(): void {
    for (const { name, method, owner } of handlersOf(this.modules)) {
      const { permissions, anyPermission, policies } = routeAccess(method, owner);
      const handler = `${owner.name}.${name}`;
      const unknown = [...permissions, ...anyPermission.flat()].find((permission) => !isDefinedPermission(permission));
      if (unknown !== undefined) {
        throw new Error(
          `AuthModule: ${handler} requires the permission "${unknown}", which no module defines. Write ` +
            `definePermissions({ '${unknown}': 'what it allows' }), or correct the name.`,
        );
      }
      for (const policy of policies) this.assertProvided(policy, handler);
    }
  }

  private assertProvided(policy: Type<Policy>, handler: string): void {
    try {
      this.rights.policyOf(policy);
    } catch (cause) {
      throw new Error(
        `AuthModule: ${handler} uses ${policy.name}, which no module provides as a singleton. Add it to the providers of ` +
          'a module, and inject no request-scoped provider into it.',
        { cause },
      );
    }
  }
}
