import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, UseGuards } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import {
  CurrentPrincipal,
  FixedResponse,
  ForServices,
  JwtAuthGuard,
  OwnIssuerOnly,
  RequirePermissions,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { RoleDto } from '../dto/role.dto.js';
import { CreateRoleDto, UpdateRoleDto } from '../dto/write-role.dto.js';
import {
  PermissionNotHeldError,
  RoleCycleError,
  RoleExistsError,
  RoleInUseError,
  RoleNotFoundError,
  SystemRoleError,
} from '../roles.errors.js';
import '../roles.permissions.js';
import { RolesService } from '../roles.service.js';

const NAME = { name: 'name', description: 'The name of the role.', type: 'string', example: 'auditor' } as const;

/** The routes by which administrators manage roles. */
@ApiTags('Roles')
@Controller('roles')
@OwnIssuerOnly()
@FixedResponse()
@ForServices()
@UseGuards(JwtAuthGuard)
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({ operationId: 'listRoles', summary: 'List roles', description: 'Lists all roles, by name.' })
  @ApiOkResponse({ description: 'The roles.', type: [RoleDto] })
  async listRoles(): Promise<RoleDto[]> {
    return (await this.roles.list()).map((role) => RoleDto.from(role));
  }

  @Post()
  @RequirePermissions('roles:write')
  @ApiOperation({
    operationId: 'createRole',
    summary: 'Create a role',
    description: 'Creates a role. You need each permission that the role gets.',
  })
  @ApiCreatedResponse({ description: 'The new role.', type: RoleDto })
  @ApiProblems(ValidationFailedError, RoleExistsError, RoleCycleError, PermissionNotHeldError)
  async createRole(@Body() body: CreateRoleDto, @CurrentPrincipal() caller: Principal): Promise<RoleDto> {
    return RoleDto.from(await this.roles.create(body, caller));
  }

  @Get(':name')
  @RequirePermissions('roles:read')
  @ApiParam(NAME)
  @ApiOperation({ operationId: 'readRole', summary: 'Read a role', description: 'Returns one role.' })
  @ApiOkResponse({ description: 'The role.', type: RoleDto })
  @ApiProblems(RoleNotFoundError)
  async readRole(@Param('name') name: string): Promise<RoleDto> {
    return RoleDto.from(await this.roles.read(name));
  }

  @Patch(':name')
  @RequirePermissions('roles:write')
  @ApiParam(NAME)
  @ApiOperation({
    operationId: 'updateRole',
    summary: 'Change a role',
    description:
      'Changes the given members. Every service applies the change within a second. You need each permission that the ' +
      'role gets or loses. The role `administrator` cannot be changed.',
  })
  @ApiOkResponse({ description: 'The role after the change.', type: RoleDto })
  @ApiProblems(ValidationFailedError, RoleNotFoundError, RoleCycleError, SystemRoleError, PermissionNotHeldError)
  async updateRole(
    @Param('name') name: string,
    @Body() body: UpdateRoleDto,
    @CurrentPrincipal() caller: Principal,
  ): Promise<RoleDto> {
    return RoleDto.from(await this.roles.update(name, body, caller));
  }

  @Delete(':name')
  @RequirePermissions('roles:write')
  @HttpCode(204)
  @ApiParam(NAME)
  @ApiOperation({
    operationId: 'deleteRole',
    summary: 'Delete a role',
    description:
      'Deletes the role and takes it from all users. Every service applies the change within a second. The role ' +
      '`administrator` cannot be deleted.',
  })
  @ApiNoContentResponse({ description: 'The role was deleted.' })
  @ApiProblems(RoleNotFoundError, SystemRoleError, RoleInUseError, PermissionNotHeldError)
  async deleteRole(@Param('name') name: string, @CurrentPrincipal() caller: Principal): Promise<void> {
    await this.roles.remove(name, caller);
  }
}
