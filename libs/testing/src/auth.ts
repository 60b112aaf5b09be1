/** `postern/testing/auth`, for a service with `postern/auth` alone. It must not import the database, not even types. */
export { ManualClock } from './manual-clock.js';
export { principalMapperSpec, type PrincipalMapperCases } from './specifications/principal-mapper.js';
export { revocationPublisherSpec, revocationSourceSpec } from './specifications/revocations.js';
export { runSpecificationsWith, type Made, type SpecificationRunner } from './specifications/specification.js';
export { verificationKeysSpec, type KnownVerificationKey } from './specifications/verification-keys.js';
export { TestIssuer, type TestTokenClaims } from './test-issuer.js';
export { testPrincipal } from './test-principal.js';
