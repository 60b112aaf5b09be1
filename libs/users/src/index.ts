export { adminUsersControllerOf, type AdminUsersRoutes } from './admin-users.controller.js';
export { claimsOf } from './claims-of.js';
export { DeleteMeDto } from './dto/delete-me.dto.js';
export { ListUsersDto } from './dto/list-users.dto.js';
export { isNormalEmail, IsEmailAddress, normalizeEmail } from './email-address.js';
export { EntityPrincipalMapper } from './entity-principal-mapper.js';
export { IdentityConfirmation, NoConfirmation, type IdentityProof } from './identity-confirmation.js';
export { assertMadeForUser, MadeForUser } from './made-for-user.js';
export { meControllerOf, type MeRoutes } from './me.controller.js';
export { registerDtoOf, updateDtoOf, type Writer } from './request-dto.js';
export { responseDtoOf, type UserView } from './response-dto.js';
export { UserBase } from './user-base.entity.js';
export { MAXIMUM_PAGE_SIZE, UserDirectory, type UsersPage } from './user-directory.js';
export { UserFact, type UserWithFact } from './user-fact.js';
export { UserField, userFieldsOf, type DeclaredUserField, type UserFieldOptions } from './user-field.decorator.js';
export { UserSchemas } from './user-schemas.js';
export { UserSessions } from './user-sessions.js';
export type { NewUser, Reader, SeenUser, TeamField, TeamFields, UserChanges } from './user-types.js';
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
export { UserDeleted, UserDisabled, UserEnabled, UserUpdated } from './users.events.js';
export type { UsersSettings, UsersStructure } from './users.module-definition.js';
export { UsersModule } from './users.module.js';
export { UsersService } from './users.service.js';
