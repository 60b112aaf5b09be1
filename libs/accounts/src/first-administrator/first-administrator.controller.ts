import { Body, Controller, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { FixedResponse, Public } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { HashingOverloadedError, PasswordRejectedError } from 'postern/password';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import {
  EmailTakenError,
  ForUserEntity,
  IsEmailAddress,
  registerDtoOf,
  responseDtoOf,
  UserConflictError,
} from 'postern/users';
import type { NewUser, SeenUser, UserBase } from 'postern/users';
import { FirstAdministratorCodeInvalidError, FirstAdministratorExistsError } from '../accounts.errors.js';
import { acceptLanguageOf } from '../links/accept-language.js';
import type { NewAccount } from '../registration.controller.js';
import { DevelopmentOnlyGuard } from './development-only.guard.js';
import { FirstAdministrator } from './first-administrator.js';

/** The controller that {@link firstAdministratorControllerOf} returns. */
export interface FirstAdministratorRoutes<U extends UserBase = UserBase> {
  readonly first: FirstAdministrator<U>;
  createFirstAdministrator(
    account: NewAccount<U> & { code: string },
    request?: RequestLike,
  ): Promise<SeenUser<U, 'self'>>;
}

/**
 * Creates the controller of `POST /auth/first-administrator` for a user class. Like a registration, its body has the
 * fields of the team with `register`. In production, the route responds with 404.
 */
export function firstAdministratorControllerOf<U extends UserBase>(
  user: Type<U>,
): new () => FirstAdministratorRoutes<U> {
  const OwnUserDto = responseDtoOf(user, 'self');

  class FirstAdministratorDto extends registerDtoOf(user) {
    @ApiProperty({
      type: String,
      maxLength: 64,
      example: '7QWZ-0H2M-X9KD-4TBC-R81N-VE5G',
      description: 'The one-time code from the log of the server.',
    })
    @IsString()
    @MaxLength(64)
    code!: string;

    @IsEmailAddress()
    email!: string;

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
  @ApiTags('First steps')
  @Controller('auth')
  @UseGuards(DevelopmentOnlyGuard)
  @ForUserEntity(user)
  class FirstAdministratorController implements FirstAdministratorRoutes<U> {
    @Inject(FirstAdministrator) readonly first!: FirstAdministrator<U>;

    @Post('first-administrator')
    @Public()
    @LimitAttempts({ limits: ['registration'] })
    @HttpCode(201)
    @ApiOperation({
      operationId: 'createFirstAdministrator',
      summary: 'Create the first administrator',
      description:
        'Creates a user with the role `administrator`. The log of the server has the one-time code. The route works ' +
        'while there is no administrator, and it does not exist in production: use `npm run users` there.',
    })
    @ApiCreatedResponse({
      type: OwnUserDto,
      description: 'The new administrator. To sign in, call `POST /auth/login`.',
      example: { ...OwnUserDto.example, emailVerifiedAt: null },
    })
    @ApiProblems(
      ValidationFailedError,
      PasswordRejectedError.of('/password', [
        { code: 'password-too-common', detail: 'This password is too common and easy to guess.' },
      ]),
      FirstAdministratorCodeInvalidError,
      FirstAdministratorExistsError,
      EmailTakenError,
      UserConflictError,
      HashingOverloadedError,
    )
    async createFirstAdministrator(
      @Body() { code, ...body }: FirstAdministratorDto,
      @Req() request?: RequestLike,
    ): Promise<SeenUser<U, 'self'>> {
      // The validation pipe guarantees the required fields.
      const account = body as unknown as NewUser<U> & { password: string };
      return OwnUserDto.from(
        await this.first.create(code, account, {
          ipAddress: ipAddressOf(request?.ip),
          acceptLanguage: acceptLanguageOf(request),
        }),
      );
    }
  }

  return FirstAdministratorController;
}
