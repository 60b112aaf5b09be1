import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
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
  InvalidTokenError,
  JwtAuthGuard,
  MissingTokenError,
  NoImpersonation,
  OwnIssuerOnly,
  RequirePermissions,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { PermissionNotHeldError } from 'postern/roles';
import { SessionMissingError } from 'postern/sessions';
import { EmailTakenError } from 'postern/users';
import { InvitationNotFoundError } from '../accounts.errors.js';
import { InvitationDto, InvitationsPageDto, InviteDto, ListInvitationsDto } from './invitation.dto.js';
import { InvitationsService } from './invitations.service.js';

const DEFAULT_PAGE_SIZE = 50;
const ID = {
  name: 'id',
  description: 'The id of the invitation.',
  type: 'string',
  format: 'uuid',
  example: '01938f2e-6a1c-7d3a-9c55-2d5f9d1c4e77',
} as const;

/** The routes by which administrators invite persons. */
@FixedResponse()
@ApiTags('Invitations')
@Controller('invitations')
@OwnIssuerOnly()
@ForServices()
@UseGuards(JwtAuthGuard)
@ApiProblems(MissingTokenError, InvalidTokenError)
export class InvitationsController {
  @Inject(InvitationsService) readonly invitations!: InvitationsService;

  /** Invites a person. */
  @Post()
  @RequirePermissions('users:write')
  @NoImpersonation()
  @HttpCode(201)
  @ApiOperation({
    operationId: 'invite',
    summary: 'Invite a person',
    description:
      'Sends a mail with a link by which the person creates an account with these roles. You need each permission of the ' +
      'roles, now and when the person accepts, so a service cannot invite. A newer invitation of the address replaces the older one.',
  })
  @ApiCreatedResponse({ type: InvitationDto, description: 'The invitation.' })
  @ApiProblems(ValidationFailedError, PermissionNotHeldError, SessionMissingError, EmailTakenError)
  async invite(
    @Body() { email, roles }: InviteDto,
    @CurrentPrincipal() caller: Principal,
    @Headers('accept-language') acceptLanguage?: string,
  ): Promise<InvitationDto> {
    return dtoOf(await this.invitations.invite({ email, roles, acceptLanguage }, caller));
  }

  /** Lists invitations. */
  @Get()
  @RequirePermissions('users:read')
  @ApiOperation({
    operationId: 'listInvitations',
    summary: 'List invitations',
    description: 'Lists the invitations that have neither been accepted nor expired, page by page, the oldest first.',
  })
  @ApiOkResponse({ type: InvitationsPageDto, description: 'A page of invitations.' })
  @ApiProblems(ValidationFailedError)
  async listInvitations(
    @Query() { limit = DEFAULT_PAGE_SIZE, after }: ListInvitationsDto,
  ): Promise<InvitationsPageDto> {
    const { invitations, next } = await this.invitations.list(limit, after);
    return { invitations: invitations.map(dtoOf), next };
  }

  /** Revokes an invitation. */
  @Delete(':id')
  @RequirePermissions('users:write')
  @HttpCode(204)
  @ApiParam(ID)
  @ApiOperation({
    operationId: 'revokeInvitation',
    summary: 'Revoke an invitation',
    description: 'The link of the invitation is not valid any more.',
  })
  @ApiNoContentResponse({ description: 'The invitation was revoked.' })
  @ApiProblems(InvitationNotFoundError)
  async revokeInvitation(@Param('id') id: string): Promise<void> {
    await this.invitations.revoke(id);
  }
}

function dtoOf({
  id,
  email,
  roles,
  invitedBy,
  createdAt,
  expiresAt,
}: Readonly<Omit<InvitationDto, 'roles'>> & { readonly roles: readonly string[] }): InvitationDto {
  return Object.assign(new InvitationDto(), { id, email, roles: [...roles], invitedBy, createdAt, expiresAt });
}
