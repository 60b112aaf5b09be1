import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import {
  InvalidTokenError,
  JwtAuthGuard,
  ForServices,
  OwnIssuerOnly,
  MissingTokenError,
  RequirePermissions,
  FixedResponse,
} from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ListUsersDto } from './list-users.dto.js';
import { ForUserEntity } from '../checks/entity-match.check.js';
import { updateDtoOf } from '../fields/request-dto.js';
import { responseDtoOf } from '../fields/response-dto.js';
import '../users.permissions.js';
import type { UserBase } from '../user-base.entity.js';
import { UserList } from '../user-list.js';
import type { SeenUser, TeamFields } from '../fields/user-types.js';
import { UserConflictError, UserInUseError, UserNotFoundError } from '../users.errors.js';
import { UsersService } from '../users.service.js';

/** The methods of a controller that {@link adminUsersControllerOf} creates. */
export interface AdminUsersRoutes<U extends UserBase = UserBase> {
  readonly users: UsersService<U>;
  readonly directory: UserList<U>;
  listUsers(query: ListUsersDto): Promise<{ users: SeenUser<U, 'admin'>[]; next: string | null }>;
  readUser(id: string): Promise<SeenUser<U, 'admin'>>;
  updateUser(id: string, changes: TeamFields<U>): Promise<SeenUser<U, 'admin'>>;
  deleteUser(id: string): Promise<void>;
  disableUser(id: string): Promise<SeenUser<U, 'admin'>>;
  enableUser(id: string): Promise<SeenUser<U, 'admin'>>;
}

const DEFAULT_PAGE_SIZE = 50;
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
  const View = responseDtoOf(entity, 'admin');
  class UpdateUserDto extends updateDtoOf(entity, 'admin') {}
  class UsersPageDto {
    @ApiProperty({ type: [View], description: 'The users of this page, oldest first.' })
    users!: object[];

    @ApiProperty({
      type: String,
      format: 'uuid',
      nullable: true,
      description: 'The value of `after` for the next page; null on the last page.',
      example: null,
    })
    next!: string | null;
  }
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

    @Get()
    @RequirePermissions('users:read')
    @ApiOperation({ summary: 'List users', description: 'Lists users page by page, oldest first.' })
    @ApiOkResponse({
      type: UsersPageDto,
      description: 'A page of users.',
      example: { users: [View.example], next: null },
    })
    @ApiProblems(ValidationFailedError)
    async listUsers(
      @Query() { limit = DEFAULT_PAGE_SIZE, after }: ListUsersDto,
    ): Promise<{ users: SeenUser<U, 'admin'>[]; next: string | null }> {
      const { users, next } = await this.directory.list({ limit, after });
      return { users: users.map((user) => View.from(user)), next };
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
    @ApiProblems(UserNotFoundError, ValidationFailedError, UserConflictError)
    async updateUser(@Param('id') id: string, @Body() changes: UpdateUserDto): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.update(id, changes));
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
    @ApiProblems(UserNotFoundError, UserInUseError)
    async deleteUser(@Param('id') id: string): Promise<void> {
      await this.users.remove(id);
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
    @ApiProblems(UserNotFoundError)
    async disableUser(@Param('id') id: string): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.disable(id));
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
    @ApiProblems(UserNotFoundError)
    async enableUser(@Param('id') id: string): Promise<SeenUser<U, 'admin'>> {
      return View.from(await this.users.enable(id));
    }
  }
  return AdminUsersController;
}
