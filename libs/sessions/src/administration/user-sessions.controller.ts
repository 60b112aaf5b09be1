import { Controller, Delete, Get, HttpCode, Param, Query, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { isUUID } from 'class-validator';
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
import { UserHasMoreRightsError, UserNotFoundError, UsersService } from 'postern/users';
import { ListSessionsDto } from '../dto/list-sessions.dto.js';
import { SessionsPageDto } from '../dto/user-session.dto.js';
import { SessionNotFoundError } from '../sessions.errors.js';
import '../sessions.permissions.js';
import { EndUserSessions } from './end-user-sessions.js';
import { SessionList } from './session-list.js';

const DEFAULT_PAGE_SIZE = 50;
const USER_ID = {
  name: 'id',
  description: 'The id of the user.',
  type: 'string',
  format: 'uuid',
  example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
} as const;
const SESSION_ID = {
  name: 'sessionId',
  description: 'The id of the session.',
  type: 'string',
  format: 'uuid',
  example: '019abfc2-617b-7000-a1b2-c3d4e5f60718',
} as const;

/** The routes by which administrators list and end the sessions of users. */
@FixedResponse()
@ApiTags('Sessions (administration)')
@Controller()
@OwnIssuerOnly()
@ForServices()
@UseGuards(JwtAuthGuard)
export class UserSessionsController {
  constructor(
    private readonly ender: EndUserSessions,
    private readonly directory: SessionList,
    private readonly users: UsersService,
  ) {}

  @Get('sessions')
  @RequirePermissions('sessions:read')
  @ApiOperation({
    operationId: 'listAllSessions',
    summary: 'List the sessions of all users',
    description: 'Lists the live sessions of the whole system page by page, the newest first.',
  })
  @ApiOkResponse({ description: 'A page of sessions.', type: SessionsPageDto })
  @ApiProblems(ValidationFailedError)
  async listAllSessions(
    @Query() { limit = DEFAULT_PAGE_SIZE, after }: ListSessionsDto,
    @CurrentPrincipal() { sessionId }: Principal,
  ): Promise<SessionsPageDto> {
    return SessionsPageDto.from(await this.directory.list({ limit, ...(after && { after }) }), sessionId);
  }

  @Get('users/:id/sessions')
  @RequirePermissions('sessions:read')
  @ApiParam(USER_ID)
  @ApiOperation({
    operationId: 'listUserSessions',
    summary: 'List the sessions of a user',
    description: 'Lists the live sessions of the user page by page, the newest first.',
  })
  @ApiOkResponse({ description: 'A page of sessions.', type: SessionsPageDto })
  @ApiProblems(ValidationFailedError, UserNotFoundError)
  async listUserSessions(
    @Param('id') id: string,
    @Query() { limit = DEFAULT_PAGE_SIZE, after }: ListSessionsDto,
    @CurrentPrincipal() { sessionId }: Principal,
  ): Promise<SessionsPageDto> {
    const userId = await this.idOf(id);
    return SessionsPageDto.from(await this.directory.list({ limit, userId, ...(after && { after }) }), sessionId);
  }

  @Delete('users/:id/sessions')
  @RequirePermissions('sessions:write')
  @HttpCode(204)
  @ApiParam(USER_ID)
  @ApiOperation({
    operationId: 'endUserSessions',
    summary: 'End all sessions of a user',
    description:
      'Signs the user out on all devices. Access and refresh tokens become invalid at once. You need every permission ' +
      'of the user.',
  })
  @ApiNoContentResponse({ description: 'The user has no live session.' })
  @ApiProblems(UserNotFoundError, UserHasMoreRightsError)
  async endUserSessions(@Param('id') id: string, @CurrentPrincipal() caller: Principal): Promise<void> {
    await this.ender.end(await this.idOf(id), caller);
  }

  @Delete('users/:id/sessions/:sessionId')
  @RequirePermissions('sessions:write')
  @HttpCode(204)
  @ApiParam(USER_ID)
  @ApiParam(SESSION_ID)
  @ApiOperation({
    operationId: 'endUserSession',
    summary: 'End one session of a user',
    description:
      'Signs one device of the user out. Its access and refresh tokens become invalid at once. You need every ' +
      'permission of the user.',
  })
  @ApiNoContentResponse({ description: 'The session has ended.' })
  @ApiProblems(UserNotFoundError, UserHasMoreRightsError, SessionNotFoundError)
  async endUserSession(
    @Param('id') id: string,
    @Param('sessionId') sessionId: string,
    @CurrentPrincipal() caller: Principal,
  ): Promise<void> {
    const userId = await this.idOf(id);
    if (!isUUID(sessionId) || (await this.ender.end(userId, caller, sessionId)) === 0) throw new SessionNotFoundError();
  }

  private async idOf(id: string): Promise<string> {
    const user = await this.users.findById(id);
    if (!user) throw new UserNotFoundError();
    return user.id;
  }
}
