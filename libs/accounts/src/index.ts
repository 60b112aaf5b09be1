export {
  FirstAdministratorCodeInvalidError,
  FirstAdministratorExistsError,
  type AccountsErrorCode,
} from './accounts.errors.js';
export { UserRegistered } from './accounts.events.js';
export { AccountsModule } from './accounts.module.js';
export type { AccountsSettings, AccountsStructure } from './accounts.module-definition.js';
export { FirstAdministrator } from './first-administrator/first-administrator.js';
export {
  firstAdministratorControllerOf,
  type FirstAdministratorRoutes,
} from './first-administrator/first-administrator.controller.js';
export { Registration, type PreparedAccount, type RegistrationContext } from './registration.js';
export { registrationControllerOf, type NewAccount, type RegistrationRoutes } from './registration.controller.js';
export { SecurityNotices } from './security-notices.js';
export { EntryError, type SourceEntry, type SourceUser, type UnreadableEntry } from './import/source-user.js';
export { firebaseConfigOf } from './import/sources/firebase-export.js';
export { sourceOf, userSources, usersOf, type SourceOptions, type UserSource } from './import/sources/user-sources.js';
export type { UserMapping } from './import/prepared-user.js';
export { UserImport, type UserImportOptions, type UserImportSummary } from './import/user-import.js';
