import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Ip, Patch, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentPrincipal,
  InvalidTokenError,
  JwtAuthGuard,
  OwnIssuerOnly,
  MissingTokenError,
  NoImpersonation,
  TrustedIssuers,
  FixedResponse,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { DeleteMeDto } from './delete-me.dto.js';
import { IdentityConfirmation } from '../identity-confirmation.js';
import { ForUserEntity } from '../checks/entity-match.check.js';
import { UserDeletion } from '../deletion/user-deletion.js';
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

/** The methods of a controller that {@link meControllerOf} creates. */
export interface MeRoutes<U extends UserBase = UserBase> {
  readonly users: UsersService<U>;
  readMe(principal: Principal): Promise<SeenUser<U, 'self'>>;
  updateMe(principal: Principal, changes: TeamFields<U>): Promise<SeenUser<U, 'self'>>;
  deleteMe(principal: Principal, proof: DeleteMeDto, ipAddress?: string, acceptLanguage?: string): Promise<void>;
  /** Returns the enabled user of the token; this is not a route. @throws InvalidTokenError if there is none */
  userOf(principal: Principal): Promise<U>;
}

/**
 * Creates the controller of `/users/me` for this entity. Validation and OpenAPI document use the DTOs of the entity.
 * You may extend it and configure your class. An overridden method keeps its route, validation and documentation, and
 * needs no decorators.
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
  // A class declaration, so that the compiler emits it as metadata for the pipe and the OpenAPI document.
  class UpdateMeDto extends updateDtoOf(entity, 'self') {}

  @FixedResponse()
  @ApiTags('Users')
  @Controller('users/me')
  // These routes are never open, even if the application has not registered the guard globally.
  @OwnIssuerOnly()
  @UseGuards(JwtAuthGuard)
  @ApiProblems(MissingTokenError, InvalidTokenError)
  @ForUserEntity(entity)
  class MeController implements MeRoutes<U> {
    @Inject(UsersService) readonly users!: UsersService<U>;
    @Inject(TrustedIssuers) readonly issuers!: TrustedIssuers;
    @Inject(UserDeletion) readonly deletion!: UserDeletion;
    @Inject(IdentityConfirmation) readonly confirmation!: IdentityConfirmation;

    @Get()
    @ApiOperation({
      summary: 'Read your account',
      description: 'Returns the user of the access token, with the fields that users may see of themselves.',
    })
    @ApiOkResponse({ type: OwnView, description: 'The account.', example: OwnView.example })
    async readMe(@CurrentPrincipal() principal: Principal): Promise<SeenUser<U, 'self'>> {
      return OwnView.from(await this.userOf(principal));
    }

    @Patch()
    @ApiOperation({
      summary: 'Change your account',
      description: 'Changes the given fields. An empty body changes nothing.',
    })
    @ApiOkResponse({ type: OwnView, description: 'The account after the change.', example: OwnView.example })
    @ApiProblems(ValidationFailedError, UserConflictError)
    async updateMe(
      @CurrentPrincipal() principal: Principal,
      @Body() changes: UpdateMeDto,
    ): Promise<SeenUser<U, 'self'>> {
      const { id } = await this.userOf(principal);
      return OwnView.from(await unlessDeleted(this.users.update(id, changes)));
    }

    @Delete()
    @NoImpersonation()
    @HttpCode(204)
    @ApiOperation({
      summary: 'Delete your account',
      description:
        'Ends all sessions at once, and permanently deletes the account after the grace period. To cancel the deletion, ' +
        'log in before. The request must contain the password. A user without a password needs a recent login instead.',
    })
    @ApiNoContentResponse({ description: 'The tokens of the account are revoked, and it was or will be deleted.' })
    @ApiProblems(ValidationFailedError, IdentityNotConfirmedError, ConfirmationUnavailableError, UserInUseError)
    async deleteMe(
      @CurrentPrincipal() principal: Principal,
      @Body() { password }: DeleteMeDto,
      @Ip() ipAddress?: string,
      @Headers('accept-language') acceptLanguage?: string,
    ): Promise<void> {
      const { id } = await this.userOf(principal);
      const { authenticatedAt } = principal;
      await this.confirmation.confirm(id, {
        ...(password !== undefined && { password }),
        ...(ipAddress && { ipAddress }),
        ...(authenticatedAt && { authenticatedAt }),
      });
      await unlessDeleted(this.deletion.request(id, acceptLanguage));
    }

    async userOf(principal: Principal): Promise<U> {
      // Another issuer may use any subject, even the id of a user of this application.
      if (principal.issuer !== this.issuers.own.issuer) throw new InvalidTokenError();
      const user = await this.users.findById(principal.subject);
      // A verifier that has not yet received the revocation still accepts the token.
      if (!user || user.disabledAt || user.deletionAt) throw new InvalidTokenError();
      return user;
    }
  }
  return MeController;
}

/** Another request may delete the account between the check and the act. Its token is then invalid. */
async function unlessDeleted<T>(act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    throw error instanceof UserNotFoundError ? new InvalidTokenError(undefined, { cause: error }) : error;
  }
}
