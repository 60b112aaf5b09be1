export { RolesModule } from './roles.module.js';
export type { RolesSettings, RolesStructure } from './roles.module-definition.js';
export { ADMINISTRATOR } from './role-name.js';
export { RoleGrants } from './rights/role-grants.js';
export { RolesService } from './roles.service.js';
export type { RoleDefinition, RoleWithPermissions } from './roles.service.js';
export { UserRolesService } from './user-roles.service.js';
export { Role } from './role.entity.js';
export { UserRole } from './user-role.entity.js';
export { isRoleName } from './role-name.js';
export { PermissionsController } from './routes/permissions.controller.js';
export { RolesController } from './routes/roles.controller.js';
export { UserRolesController } from './routes/user-roles.controller.js';
export { RoleDto } from './dto/role.dto.js';
export { CreateRoleDto, UpdateRoleDto } from './dto/write-role.dto.js';
export { UserRolesDto } from './dto/user-roles.dto.js';
export { PermissionDto } from './dto/permission.dto.js';
export {
  AdministratorImpersonationError,
  LastAdministratorError,
  PermissionNotHeldError,
  RoleCycleError,
  RoleExistsError,
  RoleInUseError,
  RoleNotFoundError,
  SystemRoleError,
} from './roles.errors.js';
export type { RolesErrorCode } from './roles.errors.js';
export { RoleChanged, RoleCreated, RoleDeleted, UserRolesChanged } from './roles.events.js';
