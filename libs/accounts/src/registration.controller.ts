import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { Public } from 'postern/auth';
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
import { Registration } from './registration.js';

/** What is sent to register: which of the team's fields are taken, `@UserField` says. */
export type NewAccount<U extends UserBase = UserBase> = { email: string; password: string } & TeamFields<U>;

/** The route of registration, as a controller made by {@link registrationControllerOf} has it. */
export interface RegistrationRoutes<U extends UserBase = UserBase> {
  readonly registration: Registration<U>;
  register(account: NewAccount<U>, request?: RequestLike): Promise<SeenUser<U, 'self'>>;
}

/**
 * The controller of `POST /auth/register` for this class of users: what may be registered, and what is answered, follow
 * from its fields. A team may extend it and pass its own class; `register` stays the route that it was when it is overridden.
 * @throws Error where a field of the class is registered as `password`
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
      `AccountsModule: ${user.name}.password is registered under the name of the credential: give the field another name.`,
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
      description: 'Long rather than complicated; not one that is common, and not one that contains the address.',
    })
    @IsString()
    password!: string;
  }

  @ApiTags('Authentication')
  @Controller('auth')
  @ForUserEntity(user)
  class RegistrationController implements RegistrationRoutes<U> {
    // No parameter of the constructor, which a subclass would have to know.
    @Inject(Registration) readonly registration!: Registration<U>;

    @Post('register')
    @Public()
    @HttpCode(201)
    @ApiOperation({
      operationId: 'register',
      summary: 'Register a new account',
      description: 'Makes a user with a password. Signing in is a step of its own: `POST /auth/login`.',
    })
    @ApiCreatedResponse({
      type: OwnUserDto,
      description: 'The new user.',
      example: { ...OwnUserDto.example, emailVerifiedAt: null },
    })
    @ApiProblems(
      ValidationFailedError,
      PasswordRejectedError.of('/password', [
        { code: 'password-too-common', detail: 'This password is among the first that are guessed.' },
      ]),
      EmailTakenError,
      UserConflictError,
      HashingOverloadedError,
    )
    async register(@Body() body: RegistrationDto, @Req() request?: RequestLike): Promise<SeenUser<U, 'self'>> {
      // The validation has made sure that the required fields are there.
      const account = body as NewUser<U> & RegistrationDto;
      return OwnUserDto.from(await this.registration.register(account, { ipAddress: ipAddressOf(request?.ip) }));
    }
  }

  return RegistrationController;
}
