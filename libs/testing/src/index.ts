export {
  ManualClock,
  principalMapperSpec,
  revocationPublisherSpec,
  revocationSourceSpec,
  runSpecificationsWith,
  TestIssuer,
  testPrincipal,
  verificationKeysSpec,
  type KnownVerificationKey,
  type Made,
  type PrincipalMapperCases,
  type SpecificationRunner,
  type TestTokenClaims,
} from './auth.js';
export { claimsProviderSpec } from './specifications/claims-provider.js';
export { identityConfirmationSpec, type IdentityConfirmationCases } from './specifications/identity-confirmation.js';
export { loginPolicySpec, type LoginCase, type LoginPolicyCases } from './specifications/login-policy.js';
export { mailerSpec, type MailerCases } from './specifications/mailer.js';
export { passwordHasherSpec } from './specifications/password-hasher.js';
export { passwordPolicySpec, type PasswordPolicyCases } from './specifications/password-policy.js';
export { signingKeysSpec } from './specifications/signing-keys.js';
export { userSessionsSpec, type UserSessionsCase } from './specifications/user-sessions.js';
export {
  startTestApplication,
  type TestAnswer,
  type TestApplication,
  type TestApplicationOptions,
  type TestRequest,
} from './test-application.js';
export { createEmptyDatabase, createTestDatabase, type TestDatabase } from './test-database.js';
