export { UserRegistered } from './accounts.events.js';
export { AccountsModule } from './accounts.module.js';
export type { AccountsSettings, AccountsStructure } from './accounts.module-definition.js';
export { Registration, type RegistrationContext } from './registration.js';
export { registrationControllerOf, type NewAccount, type RegistrationRoutes } from './registration.controller.js';
export { SecurityNotices } from './security-notices.js';
