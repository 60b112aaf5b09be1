export { ManualClock } from './manual-clock.js';
export { claimsProviderSpec } from './specifications/claims-provider.js';
export { identityConfirmationSpec, type IdentityConfirmationCases } from './specifications/identity-confirmation.js';
export { loginPolicySpec, type LoginCase, type LoginPolicyCases } from './specifications/login-policy.js';
export { mailerSpec, type MailerCases } from './specifications/mailer.js';
export { passwordHasherSpec } from './specifications/password-hasher.js';
export { passwordPolicySpec, type PasswordPolicyCases } from './specifications/password-policy.js';
export { principalMapperSpec, type PrincipalMapperCases } from './specifications/principal-mapper.js';
export { revocationPublisherSpec, revocationSourceSpec } from './specifications/revocations.js';
export { signingKeysSpec } from './specifications/signing-keys.js';
export type { Made } from './specifications/specification.js';
export { userSessionsSpec, type UserSessionsCase } from './specifications/user-sessions.js';
export { verificationKeysSpec, type KnownVerificationKey } from './specifications/verification-keys.js';
export {
  startTestApplication,
  type TestAnswer,
  type TestApplication,
  type TestApplicationOptions,
  type TestRequest,
} from './test-application.js';
export { createEmptyDatabase, createTestDatabase, type TestDatabase } from './test-database.js';
export { TestIssuer, type TestTokenClaims } from './test-issuer.js';
export { testPrincipal } from './test-principal.js';
