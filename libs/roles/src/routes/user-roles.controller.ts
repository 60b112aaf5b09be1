import { Body, Controller, Get, Param, Put, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
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
import { UserNotFoundError } from 'postern/users';
import { UserRolesDto } from '../dto/user-roles.dto.js';
import { LastAdministratorError, PermissionNotHeldError } from '../roles.errors.js';
import '../roles.permissions.js';
import { UserRolesService } from '../user-roles.service.js';

const ID = {
  name: 'id',
  description: 'The id of the user.',
  type: 'string',
  format: 'uuid',
  example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
} as const;

/** The routes by which administrators give roles to users. */
@ApiTags('Roles')
@Controller('users/:id/roles')
@OwnIssuerOnly()
@FixedResponse()
@ForServices()
@UseGuards(JwtAuthGuard)
export class UserRolesController {
  constructor(private readonly userRoles: UserRolesService) {}

  @Get()
  @RequirePermissions('roles:read')
  @ApiParam(ID)
  @ApiOperation({
    operationId: 'readUserRoles',
    summary: 'Read the roles of a user',
    description: 'Returns the names of the roles of the user.',
  })
  @ApiOkResponse({ description: 'The roles.', type: UserRolesDto })
  @ApiProblems(UserNotFoundError)
  async readUserRoles(@Param('id') id: string): Promise<UserRolesDto> {
    return { roles: [...(await this.userRoles.read(id))] };
  }

  @Put()
  @RequirePermissions('roles:write')
  @ApiParam(ID)
  @ApiOperation({
    operationId: 'replaceUserRoles',
    summary: 'Give roles to a user',
    description:
      'Replaces the roles of the user. Every service rejects a role that was taken within a second. A new role takes ' +
      'effect with the next access token of the user, such as after a refresh. You need each permission of a role that ' +
      'you give or take. The last administrator keeps the role `administrator`.',
  })
  @ApiOkResponse({ description: 'The roles after the change.', type: UserRolesDto })
  @ApiProblems(ValidationFailedError, UserNotFoundError, PermissionNotHeldError, LastAdministratorError)
  async replaceUserRoles(
    @Param('id') id: string,
    @Body() body: UserRolesDto,
    @CurrentPrincipal() caller: Principal,
  ): Promise<UserRolesDto> {
    return { roles: [...(await this.userRoles.replace(id, body.roles, caller))] };
  }
}
