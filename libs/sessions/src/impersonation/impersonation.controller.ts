import { Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import {
  CurrentPrincipal,
  FixedResponse,
  JwtAuthGuard,
  NoImpersonation,
  OwnIssuerOnly,
  RequirePermissions,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems } from 'postern/problem';
import { NoActiveKeyError, SignerFailedError } from 'postern/tokens';
import { UserNotFoundError } from 'postern/users';
import { ImpersonationDto } from '../dto/impersonation.dto.js';
import { AccountDisabledError, ImpersonationDisabledError, SessionMissingError } from '../sessions.errors.js';
import '../sessions.permissions.js';
import { ImpersonateUser } from './impersonate-user.js';

/** The route by which an administrator acts as a user. */
@FixedResponse()
@ApiTags('Users (administration)')
@Controller('users')
@OwnIssuerOnly()
@NoImpersonation()
@UseGuards(JwtAuthGuard)
export class ImpersonationController {
  constructor(private readonly impersonation: ImpersonateUser) {}

  @Post(':id/impersonate')
  @RequirePermissions('users:impersonate')
  @HttpCode(200)
  @ApiParam({
    name: 'id',
    description: 'The id of the user.',
    type: 'string',
    format: 'uuid',
    example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  })
  @ApiOperation({
    operationId: 'impersonateUser',
    summary: 'Act as a user',
    description:
      'Returns a short access token of the user that names you in `act` (RFC 8693). It ends with your session, and has no ' +
      'refresh token. Routes that change credentials reject it. You can act neither as an administrator nor as a user ' +
      'with a permission that you do not have. The setting `impersonation` must allow it.',
  })
  @ApiOkResponse({ description: 'The access token.', type: ImpersonationDto })
  @ApiProblems(
    UserNotFoundError,
    AccountDisabledError,
    ImpersonationDisabledError,
    SessionMissingError,
    NoActiveKeyError,
    SignerFailedError,
  )
  async impersonateUser(@Param('id') id: string, @CurrentPrincipal() caller: Principal): Promise<ImpersonationDto> {
    return ImpersonationDto.from(await this.impersonation.impersonate(id, caller));
  }
}
