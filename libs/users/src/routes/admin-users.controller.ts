import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Ip,
  Param,
  Patch,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import type { Type } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import {
  CurrentPrincipal,
  InvalidTokenError,
  JwtAuthGuard,
  ForServices,
  OwnIssuerOnly,
  MissingTokenError,
  RequirePermissions,
  FixedResponse,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { IsString, ValidateIf } from 'class-validator';
import { IsEmailAddress } from '../email-address.js';
import { DEFAULT_PAGE_SIZE, ListUsersDto } from './list-users.dto.js';
import { usersPageDtoOf } from './users-page.dto.js';
import { ForUserEntity } from '../checks/entity-match.check.js';
import { createDtoOf, updateDtoOf } from '../fields/request-dto.js';
import { userFieldsOf } from '../fields/user-field.decorator.js';
import type { DeclaredUserField } from '../fields/user-field.decorator.js';
import { responseDtoOf } from '../fields/response-dto.js';
import '../users.permissions.js';
import type { UserBase } from '../user-base.entity.js';
import { CreateUser } from '../directory/create-user.js';
import { UserList } from '../directory/user-list.js';
import type { NewUser, SeenUser, TeamFields } from '../fields/user-types.js';
import {
  EmailTakenError,
  UserConflictError,
  UserHasMoreRightsError,
  UserInUseError,
  UserNotFoundError,
} from '../users.errors.js';
import { UsersService } from '../users.service.js';

/** The methods of a controller that {@link adminUsersControllerOf} creates. */
export interface AdminUsersRoutes<U extends UserBase = UserBase> {
  readonly users: UsersService<U>;
  readonly directory: UserList<U>;
  readonly creation: CreateUser<U>;
  listUsers(query: ListUsersDto): Promise<{ users: SeenUser<U, 'admin'>[]; next: string | null }>;
  createUser(
    account: { email: string; password?: string } & TeamFields<U>,
    ipAddress?: string,
  ): Promise<SeenUser<U, 'admin'>>;
  readUser(id: string): Promise<SeenUser<U, 'admin'>>;
  updateUser(id: string, changes: TeamFields<U>, caller: Principal): Promise<SeenUser<U, 'admin'>>;
  deleteUser(id: string, caller: Principal): Promise<void>;
  disableUser(id: string, caller: Principal): Promise<SeenUser<U, 'admin'>>;
  enableUser(id: string, caller: Principal): Promise<SeenUser<U, 'admin'>>;
}

const ID = {
  name: 'id',
  description: 'The id of the user.',
  type: 'string',
  format: 'uuid',
  example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
} as const;

/**
 * Creates the controller of `/users` for this entity, for principals with the permission `users:read` or
 * `users:write`. You may extend it and configure your class. An overridden method keeps its route and its permissions.
 */
export function adminUsersControllerOf<U extends UserBase>(entity: Type<U>): new () => AdminUsersRoutes<U> {
  const isPassword = ({ property, register, write }: DeclaredUserField): boolean =>
    property === 'password' && (register !== false || write !== false);
  if (userFieldsOf(entity).some(isPassword)) {
    throw new Error(
      `UsersModule: the field ${entity.name}.password conflicts with the password of a new user: rename the field.`,
    );
  }
  const View = responseDtoOf(entity, 'admin');
  class UpdateUserDto extends updateDtoOf(entity, 'admin') {}
  class CreateUserDto extends createDtoOf(entity) {
    @IsEmailAddress()
    email!: string;

    @ApiProperty({
      type: String,
      required: false,
      format: 'password',
      example: 'seven small boats at noon',
      description: 'The first password. Without it, the user cannot sign in with a password.',
    })
    @ValidateIf((_, value) => value !== undefined)
    @IsString()
    password?: string;
  }
  const UsersPageDto = usersPageDtoOf(View);
  const answer = (description: string, more: object = {}) =>
    ApiOkResponse({ type: View, description, example: { ...View.example, ...more } });

  @FixedResponse()
  @ApiTags('Users (administration)')
  @Controller('users')
  // These routes are never open, even if the application has not registered the guard globally.
  @OwnIssuerOnly()
  @ForServices()
  @UseGuards(JwtAuthGuard)
  @ApiProblems(MissingTokenError, InvalidTokenError)
  @ForUserEntity(entity)
  class AdminUsersController implements AdminUsersRoutes<U> {
    @Inject(UsersService) readonly users!: UsersService<U>;
    @Inject(UserList) readonly directory!: UserList<U>;
    @Inject(CreateUser) readonly creation!: CreateUser<U>;

    @Get()
    @RequirePermissions('users:read')
    @ApiOperation({
      summary: 'List users',
      description:
        'Lists users page by page, oldest first by default. Filters can be combined. `next` belongs to the order of the ' +
        'page: send it with the same `sort` and the same filters.',
    })
    @ApiOkResponse({
      type: UsersPageDto,
      description: 'A page of users.',
      example: { users: [View.example], next: null },
    })
    @ApiProblems(ValidationFailedError)
    async listUsers(
      @Query() { limit = DEFAULT_PAGE_SIZE, ...query }: ListUsersDto,
    ): Promise<{ users: SeenUser<U, 'admin'>[]; next: string | null }> {
      const { users, next } = await this.directory.list({ limit, ...query });
      return { users: users.map((user) => View.from(user)), next };
    }

    @Post()
    @RequirePermissions('users:write')
    @HttpCode(201)
    @ApiOperation({
      summary: 'Create a user',
      description:
        'Creates a user, with or without a password. The rules for passwords apply. A user without a password sets one ' +
        'by the link of a mail. To give the user a role, call `PUT /users/{id}/roles`.',
    })
    @ApiCreatedResponse({
      type: View,
      description: 'The new user.',
      example: { ...View.example, emailVerifiedAt: null },
    })
    @ApiProblems(ValidationFailedError, EmailTakenError, UserConflictError)
    async createUser(@Body() body: CreateUserDto, @Ip() ipAddress?: string): Promise<SeenUser<U, 'admin'>> {
      // The validation pipe guarantees the required fields.
      return View.from(await this.creation.create(body as unknown as NewUser<U> & { password?: string }, ipAddress));
    }

    @Get(':id')
    @RequirePermissions('users:read')
    @ApiParam(ID)
    @ApiOperation({
      summary: 'Read a user',
      description: 'Returns one user, with the fields that administrators may see.',
    })
    @answer('The user.')
    @ApiProblems(UserNotFoundError)
    async readUser(@Param('id') id: string): Promise<SeenUser<U, 'admin'>> {
      const user = await this.users.findById(id);
      if (!user) throw new UserNotFoundError();
      return View.from(user);
    }

    @Patch(':id')
    @RequirePermissions('users:write')
    @ApiParam(ID)
    @ApiOperation({
      summary: 'Change a user',
      description: 'Changes the given fields. Administrators may change only some fields.',
    })
    @answer('The user after the change.')
    @ApiProblems(UserNotFoundError, UserHasMoreRightsError, ValidationFailedError, UserConflictError)
    async updateUser(
      @Param('id') id: string,
      @Body() changes: UpdateUserDto,
      @CurrentPrincipal() caller: Principal,
    ): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.update(id, changes, caller));
    }

    @Delete(':id')
    @RequirePermissions('users:write')
    @HttpCode(204)
    @ApiParam(ID)
    @ApiOperation({
      summary: 'Delete a user',
      description:
        'Permanently deletes the user and all data that belongs to it. Access tokens of the user are revoked at once.',
    })
    @ApiNoContentResponse({ description: 'The user was deleted.' })
    @ApiProblems(UserNotFoundError, UserHasMoreRightsError, UserInUseError)
    async deleteUser(@Param('id') id: string, @CurrentPrincipal() caller: Principal): Promise<void> {
      await this.users.remove(id, caller);
    }

    @Post(':id/disable')
    @RequirePermissions('users:write')
    @HttpCode(200)
    @ApiParam(ID)
    @ApiOperation({
      summary: 'Disable a user',
      description:
        'Ends all sessions of the user and revokes its access tokens at once. The user can neither sign in nor refresh.',
    })
    @answer('The user, disabled.', { disabledAt: '2026-11-24T10:00:00.000Z' })
    @ApiProblems(UserNotFoundError, UserHasMoreRightsError)
    async disableUser(@Param('id') id: string, @CurrentPrincipal() caller: Principal): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.disable(id, caller));
    }

    @Post(':id/enable')
    @RequirePermissions('users:write')
    @HttpCode(200)
    @ApiParam(ID)
    @ApiOperation({
      summary: 'Enable a user',
      description: 'Allows the user to sign in again. Tokens from before the user was disabled stay revoked.',
    })
    @answer('The user, enabled.')
    @ApiProblems(UserNotFoundError, UserHasMoreRightsError)
    async enableUser(@Param('id') id: string, @CurrentPrincipal() caller: Principal): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.enable(id, caller));
    }
  }
  return AdminUsersController;
}
