export {
  FirstAdministratorCodeInvalidError,
  FirstAdministratorExistsError,
  OneTimeTokenInvalidError,
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
export { OneTimeTokens, type OneTimeToken, type OneTimeTokenBinding } from './one-time-tokens/one-time-tokens.js';
export { PersonalDataController } from './personal-data/personal-data.controller.js';
export { PersonalData } from './personal-data/personal-data.js';
export { Registration, type PreparedAccount, type RegistrationContext } from './registration.js';
export { registrationControllerOf, type NewAccount, type RegistrationRoutes } from './registration.controller.js';
export { SecurityNotices } from './security-notices.js';
