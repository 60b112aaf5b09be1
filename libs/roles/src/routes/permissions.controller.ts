import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  definedPermissions,
  FixedResponse,
  ForServices,
  JwtAuthGuard,
  OwnIssuerOnly,
  RequirePermissions,
} from 'postern/auth';
import { PermissionDto } from '../dto/permission.dto.js';

import '../roles.permissions.js';

/** The route that lists the permissions of the application. */
@ApiTags('Roles')
@Controller('permissions')
@OwnIssuerOnly()
@FixedResponse()
@ForServices()
@UseGuards(JwtAuthGuard)
export class PermissionsController {
  @Get()
  @RequirePermissions('roles:read')
  @ApiOperation({
    operationId: 'listPermissions',
    summary: 'List permissions',
    description: 'Lists the permissions that the modules of this application define, by name.',
  })
  @ApiOkResponse({ description: 'The permissions.', type: [PermissionDto] })
  listPermissions(): PermissionDto[] {
    return definedPermissions().map(({ name, description }) => ({ name, description }));
  }
}
