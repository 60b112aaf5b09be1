import { Body, Controller, HttpCode, Inject, Post, type Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { Public } from 'postern/auth';
import { HashingOverloadedError, PasswordRejectedError } from 'postern/password';
import { Refuses, ValidationFailedError } from 'postern/problem';
import {
  EmailTakenError,
  IsEmailAddress,
  registerDtoOf,
  responseDtoOf,
  UserConflictError,
  type UserBase,
} from 'postern/users';
import { Registration } from './registration.js';

/**
 * The controller of `POST /auth/register` for this class of users: what may be registered, and what is answered, follow
 * from its fields.
 * @example class InvitedOnly extends registrationControllerOf(Employee) {}
 */
export function registrationControllerOf(user: Type<UserBase>): Type {
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
  class RegistrationController {
    constructor(@Inject(Registration) private readonly registration: Registration) {}

    @Post('register')
    @Public()
    @HttpCode(201)
    @ApiOperation({
      operationId: 'register',
      summary: 'Register a new account',
      description: 'Makes a user with a password. Signing in is a step of its own: `POST /auth/login`.',
    })
    @ApiCreatedResponse({ type: OwnUserDto, description: 'The new user.', example: OwnUserDto.example })
    @Refuses(ValidationFailedError, PasswordRejectedError, EmailTakenError, UserConflictError, HashingOverloadedError)
    async register(@Body() body: RegistrationDto): Promise<object> {
      return OwnUserDto.from(await this.registration.register(body));
    }
  }

  return RegistrationController;
}
