import { Body, Controller, HttpCode, Inject, Post, Req, UseInterceptors } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { Public, FixedResponse } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { HashingOverloadedError, PasswordRejectedError } from 'postern/password';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import {
  EmailTakenError,
  IsEmailAddress,
  ForUserEntity,
  registerDtoOf,
  responseDtoOf,
  UserConflictError,
  userFieldsOf,
} from 'postern/users';
import type { NewUser, SeenUser, TeamFields, UserBase } from 'postern/users';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { ConcealedRegistration } from './concealed-registration.js';
import { MailSentDto } from './dto/mail-sent.dto.js';
import type { MailSent } from './dto/mail-sent.dto.js';
import { acceptLanguageOf } from './links/accept-language.js';
import { RegistrationStatusInterceptor } from './registration-status.interceptor.js';
import { Registration } from './registration.js';

/** The body of a registration: `@UserField` decides which fields of the team it contains. */
export type NewAccount<U extends UserBase = UserBase> = { email: string; password: string } & TeamFields<U>;

/** The controller that {@link registrationControllerOf} returns. */
export interface RegistrationRoutes<U extends UserBase = UserBase> {
  readonly registration: Registration<U>;
  /** Returns the user, or the one response of every address if `requireVerifiedEmail` is set. */
  register(account: NewAccount<U>, request?: RequestLike): Promise<SeenUser<U, 'self'> | MailSent>;
}

/**
 * Creates the controller of `POST /auth/register` for a user class, whose fields define the body and the response. A
 * team may extend it and pass its own class: an overridden `register` keeps its route.
 * @throws Error if a field named `password` can be registered
 * @example
 * ```ts
 * class InvitedOnly extends registrationControllerOf(Employee) {
 *   override async register(account: NewAccount<Employee>, request: RequestLike) {
 *     await this.invitations.spend(account.email);
 *     return super.register(account, request);
 *   }
 * }
 * ```
 */
export function registrationControllerOf<U extends UserBase>(user: Type<U>): new () => RegistrationRoutes<U> {
  if (userFieldsOf(user).some(({ property, register }) => property === 'password' && register !== false)) {
    throw new Error(
      `AccountsModule: the field ${user.name}.password conflicts with the password of the registration: rename the field.`,
    );
  }
  const OwnUserDto = responseDtoOf(user, 'self');

  class RegistrationDto extends registerDtoOf(user) {
    @IsEmailAddress()
    email!: string;

    @ApiProperty({
      type: String,
      format: 'password',
      example: 'seven small boats at noon',
      description:
        'Prefer a long password to a complicated one. Common passwords and those that contain the e-mail address are rejected.',
    })
    @IsString()
    password!: string;
  }

  @FixedResponse()
  @ApiTags('Authentication')
  @Controller('auth')
  @ForUserEntity(user)
  class RegistrationController implements RegistrationRoutes<U> {
    // A property, not a parameter of the constructor, so that a subclass needs no constructor.
    @Inject(Registration) readonly registration!: Registration<U>;
    @Inject(ConcealedRegistration) readonly concealed!: ConcealedRegistration<U>;
    @Inject(CheckedAccountsSettings) readonly settings!: CheckedAccountsSettings;

    @Post('register')
    @Public()
    @LimitAttempts({ limits: ['registration', 'mailAddress'] })
    @HttpCode(201)
    @UseInterceptors(RegistrationStatusInterceptor)
    @ApiOperation({
      operationId: 'register',
      summary: 'Register a new account',
      description:
        'Creates a user with a password, and sends a mail with a link that verifies the address. To sign in, call `POST /auth/login`.',
    })
    @ApiCreatedResponse({
      type: OwnUserDto,
      description: 'The new user.',
      example: { ...OwnUserDto.example, emailVerifiedAt: null },
    })
    @ApiAcceptedResponse({
      type: MailSentDto,
      description:
        'Instead of 201 and 409, if the server requires verified addresses: the same response for every address. A known address gets a mail with a link for a new password.',
    })
    @ApiProblems(
      ValidationFailedError,
      PasswordRejectedError.of('/password', [
        { code: 'password-too-common', detail: 'This password is too common and easy to guess.' },
      ]),
      EmailTakenError,
      UserConflictError,
      HashingOverloadedError,
    )
    async register(
      @Body() body: RegistrationDto,
      @Req() request?: RequestLike,
    ): Promise<SeenUser<U, 'self'> | MailSent> {
      // The validation pipe guarantees the required fields.
      const account = body as NewUser<U> & RegistrationDto;
      const context = { ipAddress: ipAddressOf(request?.ip), acceptLanguage: acceptLanguageOf(request) };
      if (!this.settings.requireVerifiedEmail) {
        return OwnUserDto.from(await this.registration.register(account, context));
      }
      await this.concealed.register(account, context);
      return MailSentDto.response;
    }
  }

  return RegistrationController;
}
