import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags, IntersectionType } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { FixedResponse, Public } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { HashingOverloadedError, PasswordRejectedError } from 'postern/password';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import { EmailTakenError, ForUserEntity, registerDtoOf, responseDtoOf, UserConflictError } from 'postern/users';
import type { SeenUser, TeamFields, UserBase } from 'postern/users';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { OneTimeTokenDto } from '../dto/one-time-token.dto.js';
import { AcceptInvitation } from './accept-invitation.js';
import type { InvitedAccount } from './accept-invitation.js';

/** The body of an acceptance: `@UserField` decides which fields of the team it contains. */
export type AcceptedInvitation<U extends UserBase = UserBase> = { token: string; password: string } & TeamFields<U>;

/** The controller that {@link acceptInvitationControllerOf} returns. */
export interface AcceptInvitationRoutes<U extends UserBase = UserBase> {
  readonly acceptance: AcceptInvitation<U>;
  acceptInvitation(body: AcceptedInvitation<U>, request?: RequestLike): Promise<SeenUser<U, 'self'>>;
}

/**
 * Creates the controller of `POST /auth/invitations/accept` for a user class. Like a registration, its body has the
 * fields of the team with `register`. A team may extend it and pass its own class.
 */
export function acceptInvitationControllerOf<U extends UserBase>(user: Type<U>): new () => AcceptInvitationRoutes<U> {
  const OwnUserDto = responseDtoOf(user, 'self');

  class AcceptInvitationDto extends IntersectionType(OneTimeTokenDto, registerDtoOf(user)) {
    @ApiProperty({
      type: String,
      format: 'password',
      example: 'seven small boats at noon',
      description: 'The same rules apply as for a registration.',
    })
    @IsString()
    password!: string;
  }

  @FixedResponse()
  @ApiTags('Invitations')
  @Controller('auth/invitations')
  @ForUserEntity(user)
  class AcceptInvitationController implements AcceptInvitationRoutes<U> {
    @Inject(AcceptInvitation) readonly acceptance!: AcceptInvitation<U>;

    @Post('accept')
    @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError] })
    @Public()
    @HttpCode(201)
    @ApiOperation({
      operationId: 'acceptInvitation',
      summary: 'Accept an invitation',
      description:
        'Creates the account of the invited person, with the address and the roles of the invitation. The address is ' +
        'verified. To sign in, call `POST /auth/login`.',
    })
    @ApiCreatedResponse({ type: OwnUserDto, description: 'The new user.', example: OwnUserDto.example })
    @ApiProblems(
      ValidationFailedError,
      OneTimeTokenInvalidError,
      PasswordRejectedError.of('/password', [
        { code: 'password-too-common', detail: 'This password is too common and easy to guess.' },
      ]),
      EmailTakenError,
      UserConflictError,
      HashingOverloadedError,
    )
    async acceptInvitation(
      @Body() { token, ...body }: AcceptInvitationDto,
      @Req() request?: RequestLike,
    ): Promise<SeenUser<U, 'self'>> {
      // The validation pipe guarantees the required fields.
      const account = body as unknown as InvitedAccount<U>;
      return OwnUserDto.from(await this.acceptance.accept(token, account, { ipAddress: ipAddressOf(request?.ip) }));
    }
  }

  return AcceptInvitationController;
}
