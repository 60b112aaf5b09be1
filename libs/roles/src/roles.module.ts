import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { UserRoles } from 'postern/users';
import { CallerRights } from './caller-rights.js';
import { RoleGrants } from './rights/role-grants.js';
import { RolePublisher } from './role-publisher.js';
import { Role } from './role.entity.js';
import { ConfigurableRolesModule, ROLES_SETTINGS } from './roles.module-definition.js';
import type { ASYNC_OPTIONS_TYPE, OPTIONS_TYPE, RolesStructure } from './roles.module-definition.js';
import { RolesService } from './roles.service.js';
import { PermissionsController } from './routes/permissions.controller.js';
import { RolesController } from './routes/roles.controller.js';
import { UserRolesController } from './routes/user-roles.controller.js';
import { ShippedRoles } from './shipped-roles.js';
import { UserRole } from './user-role.entity.js';
import { UserRolesService } from './user-roles.service.js';

/**
 * Roles and their permissions. The application imports it once, beside `PersistenceModule`, `AuthModule`,
 * `RevocationsModule`, `UsersModule` and `SessionsModule`.
 *
 * @example
 * ```ts
 * RolesModule.forRoot({
 *   roles: [{ name: 'auditor', description: 'Reads all invoices', permissions: ['invoices:read'] }],
 * })
 * ```
 */
@Module({ providers: [missingSettings('RolesModule', ROLES_SETTINGS)] })
export class RolesModule extends ConfigurableRolesModule {
  /** Takes settings and structure in one object. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, { controllers = {} }: RolesStructure): DynamicModule {
  const routes = [
    controllers.permissions ?? PermissionsController,
    controllers.roles ?? RolesController,
    controllers.userRoles ?? UserRolesController,
  ];
  return {
    ...module,
    imports: [...(module.imports ?? []), TypeOrmModule.forFeature([Role, UserRole])],
    controllers: [
      ...(module.controllers ?? []),
      ...routes.flatMap((controller) => (controller === false ? [] : [withInheritedRoutes(controller)])),
    ],
    providers: [
      ...(module.providers ?? []),
      CallerRights,
      RoleGrants,
      RolePublisher,
      RolesService,
      ShippedRoles,
      UserRolesService,
      { provide: UserRoles, useExisting: UserRolesService },
    ],
    exports: [...(module.exports ?? []), RoleGrants, RolesService, UserRolesService, UserRoles],
  };
}
