export { CurrentPassword } from './guessing/current-password.js';
export { KnownDevices } from './guessing/known-devices.js';
export { Argon2PasswordHasher } from './hashing/argon2-password-hasher.js';
export { BreachedPasswordPolicy } from './policies/breached-password-policy.js';
export { CheckedPasswordSettings } from './checked-password-settings.js';
export { GuessablePasswordPolicy } from './policies/guessable-password-policy.js';
export { ContextWordsPolicy } from './policies/context-words-policy.js';
export { ChangePasswordDto } from './dto/change-password.dto.js';
export { LoginDto } from './dto/login.dto.js';
export { MinimumLengthPolicy } from './policies/minimum-length-policy.js';
export { PasswordChange, type PasswordChangeRequest } from './password-change.js';
export { PasswordConfirmation } from './password-confirmation.js';
export { PasswordController } from './password.controller.js';
export { PasswordCredential } from './password-credential.entity.js';
export {
  CurrentPasswordWrongError,
  HashingOverloadedError,
  InvalidCredentialsError,
  PasswordRejectedError,
  RecentLoginRequiredError,
  type PasswordErrorCode,
} from './password.errors.js';
export { BreachLookupFailed, LoginFailed, PasswordChanged, type LoginFailure } from './password.events.js';
export { PasswordHasher } from './hashing/password-hasher.js';
export { Peppers } from './hashing/peppers.js';
export { PasswordHashing, type PasswordAttempt } from './hashing/password-hashing.js';
export { PasswordLogin } from './password-login.js';
export { PasswordRecovery } from './password-recovery.js';
export { PasswordModule } from './password.module.js';
export type { PasswordSettings, PasswordStructure } from './password.module-definition.js';
export { PasswordPolicy, type PasswordContext, type PasswordViolation } from './policies/password-policy.js';
export { PasswordPolicies, shippedPasswordPolicies } from './policies/password-policies.js';
export { PasswordsService, PreparedPassword, type PasswordProof, type StoredPassword } from './passwords.service.js';
