export { adminUsersControllerOf, type AdminUsersRoutes } from './routes/admin-users.controller.js';
export { claimsOf } from './fields/user-claims.js';
export { DeleteMeDto } from './routes/delete-me.dto.js';
export { ListUsersDto } from './routes/list-users.dto.js';
export { IsEmailAddress, normalizeEmail } from './email-address.js';
export { EntityPrincipalMapper } from './entity-principal-mapper.js';
export { IdentityConfirmation, NoConfirmation, type IdentityProof } from './identity-confirmation.js';
export { assertSameUserEntity, ForUserEntity } from './checks/entity-match.check.js';
export { meControllerOf, type MeRoutes } from './routes/me.controller.js';
export { registerDtoOf, updateDtoOf } from './fields/request-dto.js';
export { responseDtoOf, type UserView } from './fields/response-dto.js';
export { UserBase } from './user-base.entity.js';
export { UserList, type UserListQuery, type UsersPage } from './directory/user-list.js';
export { RelatedColumn, type UserWithRelated } from './storage/related-column.js';
export { UserField, userFieldsOf, type UserFieldOptions } from './fields/user-field.decorator.js';
export { UserDtos } from './fields/user-dtos.js';
export { UserRoles } from './access/user-roles.js';
export { NewPasswords } from './directory/new-passwords.js';
export { CreateUser } from './directory/create-user.js';
export type { UserSort } from './directory/list-cursor.js';
export { UserSessions } from './access/user-sessions.js';
export type { NewUser, Reader, SeenUser, TeamField, TeamFields, UserChanges } from './fields/user-types.js';
export { User } from './user.entity.js';
export {
  ConfirmationUnavailableError,
  EmailTakenError,
  IdentityNotConfirmedError,
  InvalidEmailError,
  UserConflictError,
  UserInUseError,
  UserNotFoundError,
  type UsersErrorCode,
} from './users.errors.js';
export { DueDeletions } from './deletion/due-deletions.js';
export { UserDeletion } from './deletion/user-deletion.js';
export {
  UserCreated,
  UserDeleted,
  UserDeletionCancelled,
  UserDeletionRequested,
  UserDisabled,
  UserEnabled,
  UserUpdated,
} from './users.events.js';
export type { UsersSettings, UsersStructure } from './users.module-definition.js';
export { UsersModule } from './users.module.js';
export { UsersService } from './users.service.js';
