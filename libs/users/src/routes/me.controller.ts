import { Body, Controller, Delete, Get, HttpCode, Inject, Ip, Patch, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentPrincipal,
  InvalidTokenError,
  JwtAuthGuard,
  OwnIssuerOnly,
  MissingTokenError,
  TrustedIssuers,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { DeleteMeDto } from './delete-me.dto.js';
import { IdentityConfirmation } from '../identity-confirmation.js';
import { ForUserEntity } from '../checks/entity-match.check.js';
import { updateDtoOf } from '../fields/request-dto.js';
import { responseDtoOf } from '../fields/response-dto.js';
import type { UserBase } from '../user-base.entity.js';
import {
  ConfirmationUnavailableError,
  IdentityNotConfirmedError,
  UserConflictError,
  UserInUseError,
  UserNotFoundError,
} from '../users.errors.js';
import type { SeenUser, TeamFields } from '../fields/user-types.js';
import { UsersService } from '../users.service.js';

/** The routes of the signed-in user, as a controller made by {@link meControllerOf} has them. */
export interface MeRoutes<U extends UserBase = UserBase> {
  readonly users: UsersService<U>;
  readMe(principal: Principal): Promise<SeenUser<U, 'self'>>;
  updateMe(principal: Principal, changes: TeamFields<U>): Promise<SeenUser<U, 'self'>>;
  deleteMe(principal: Principal, proof: DeleteMeDto, ipAddress?: string): Promise<void>;
  /** The user in good standing whom the token speaks for. No route. @throws InvalidTokenError where there is none */
  userOf(principal: Principal): Promise<U>;
}

/**
 * The controller of `/users/me` for this entity: its requests and answers are the classes made from the entity, for
 * the validation as well as for the OpenAPI document. A team may extend it and pass its own class; a method that it
 * overrides stays the route that it was, with its validation and its documentation, without being decorated anew.
 *
 * @example
 * ```ts
 * @Controller('users/me')
 * class MyMeController extends meControllerOf(Employee) {
 *   constructor(private readonly badges: Badges) {
 *     super();
 *   }
 *   override async updateMe(principal: Principal, changes: TeamFields<Employee>) {
 *     await this.badges.check(changes.nickname);
 *     return super.updateMe(principal, changes);
 *   }
 *   @Get('badge')
 *   readBadge(@CurrentPrincipal() principal: Principal) { … }
 * }
 * UsersModule.forRoot({ user: Employee, controllers: { me: MyMeController } });
 * ```
 */
export function meControllerOf<U extends UserBase>(entity: Type<U>): new () => MeRoutes<U> {
  const OwnView = responseDtoOf(entity, 'self');
  // A class of its own, so that the compiler writes it into the metadata that pipe and document read.
  class UpdateMeDto extends updateDtoOf(entity, 'self') {}

  @ApiTags('Users')
  @Controller('users/me')
  // Also where the application has not made the guard global: these routes are never open.
  @OwnIssuerOnly()
  @UseGuards(JwtAuthGuard)
  @ApiProblems(MissingTokenError, InvalidTokenError)
  @ForUserEntity(entity)
  class MeController implements MeRoutes<U> {
    @Inject(UsersService) readonly users!: UsersService<U>;
    @Inject(TrustedIssuers) readonly issuers!: TrustedIssuers;
    @Inject(IdentityConfirmation) readonly confirmation!: IdentityConfirmation;

    @Get()
    @ApiOperation({
      summary: 'Read your account',
      description: 'The user of the access token, with the fields that users may see of themselves.',
    })
    @ApiOkResponse({ type: OwnView, description: 'The account.', example: OwnView.example })
    async readMe(@CurrentPrincipal() principal: Principal): Promise<SeenUser<U, 'self'>> {
      return OwnView.from(await this.userOf(principal));
    }

    @Patch()
    @ApiOperation({
      summary: 'Change your account',
      description: 'Changes the given fields and no other. Without any, the account comes back as it is.',
    })
    @ApiOkResponse({ type: OwnView, description: 'The account after the change.', example: OwnView.example })
    @ApiProblems(ValidationFailedError, UserConflictError)
    async updateMe(
      @CurrentPrincipal() principal: Principal,
      @Body() changes: UpdateMeDto,
    ): Promise<SeenUser<U, 'self'>> {
      const { id } = await this.userOf(principal);
      return OwnView.from(await whileThere(this.users.update(id, changes)));
    }

    @Delete()
    @HttpCode(204)
    @ApiOperation({
      summary: 'Delete your account',
      description: 'Deletes the account with all its sessions, for good. The password is asked for once more.',
    })
    @ApiNoContentResponse({ description: 'The account is gone, and its tokens with it.' })
    @ApiProblems(ValidationFailedError, IdentityNotConfirmedError, ConfirmationUnavailableError, UserInUseError)
    async deleteMe(
      @CurrentPrincipal() principal: Principal,
      @Body() proof: DeleteMeDto,
      @Ip() ipAddress?: string,
    ): Promise<void> {
      const { id } = await this.userOf(principal);
      await this.confirmation.confirm(id, { password: proof.password, ...(ipAddress && { ipAddress }) });
      await whileThere(this.users.remove(id));
    }

    async userOf(principal: Principal): Promise<U> {
      // Another issuer may write any subject: its users are not ours.
      if (principal.issuer !== this.issuers.own.issuer) throw new InvalidTokenError();
      const user = await this.users.findById(principal.subject);
      // A verifier that has not heard of the revocation yet lets such a token through.
      if (!user || user.disabledAt) throw new InvalidTokenError();
      return user;
    }
  }
  return MeController;
}

/** Between the look at the user and the act the account may have ended, and then its token is one of nobody. */
async function whileThere<T>(act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    throw error instanceof UserNotFoundError ? new InvalidTokenError(undefined, { cause: error }) : error;
  }
}
