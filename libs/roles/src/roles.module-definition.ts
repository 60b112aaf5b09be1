import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { RoleDefinition } from './roles.service.js';

/** The settings of `RolesModule`. Plain data, checked at the start; every setting has a default. */
export interface RolesSettings {
  /**
   * Roles that the application ships. The start creates those that do not exist, and never changes an existing one:
   * an administrator may have edited it. Default: none.
   */
  roles?: readonly RoleDefinition[] | undefined;
}

/** The classes of `RolesModule`. Read synchronously, also by `forRootAsync`. */
export interface RolesStructure {
  /** The controllers of the routes. `false`: no routes. */
  controllers?:
    | { roles?: Type | false | undefined; userRoles?: Type | false | undefined; permissions?: Type | false | undefined }
    | undefined;
}

/** `ShippedRoles` checks the roles, because permissions are known only then. */
export const SETTINGS = settings<RolesSettings, RolesStructure>()(
  'RolesModule',
  { roles: setting.custom<readonly RoleDefinition[]>(rolesProblem, []) },
  { controllers: true },
);

function rolesProblem(roles: unknown): string | undefined {
  return Array.isArray(roles) ? undefined : 'must be a list of roles, such as { name, description, permissions }.';
}

export const {
  ConfigurableModuleClass: ConfigurableRolesModule,
  MODULE_OPTIONS_TOKEN: ROLES_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<RolesSettings>({ moduleName: 'Roles' })
  .setClassMethodName('forRoot')
  .setExtras<RolesStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
