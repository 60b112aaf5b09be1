export { AccessTokenVerifier } from './tokens/access-token-verifier.js';
export { AUTH_SETTINGS } from './auth-settings.js';
export type { AuthSettings, IssuerSettings, JwksSettings } from './auth-settings.js';
export {
  InsufficientScopeError,
  InvalidTokenError,
  MissingTokenError,
  PrincipalUnknownError,
  RevocationsUnknownError,
  UnsupportedContextError,
} from './auth.errors.js';
export type { AuthErrorCode } from './auth.errors.js';
export type { AuthStructure } from './auth.module-definition.js';
export { AuthModule } from './auth.module.js';
export { Clock, SystemClock } from './clock.js';
export { FollowedRevocations } from './followed-revocations.js';
export { ConfiguredVerificationKeys } from './configured-verification-keys.js';
export { CurrentPrincipal, CurrentUser } from './current-user.decorator.js';
export { EndsWithToken } from './ends-with-token.decorator.js';
export { withInheritedRoutes } from './inherited-routes.js';
export { isGuarded } from './is-guarded.js';
export { JwtAuthGuard } from './jwt-auth.guard.js';
export type { GuardedRequest } from './jwt-auth.guard.js';
export { isJwtAlgorithm, JWT_ALGORITHMS } from 'postern/jws';
export type { Jwk, JwtAlgorithm, KeyMaterial } from 'postern/jws';
export { JwtStrategy } from './jwt.strategy.js';
export { OpenStreams } from './open-streams.js';
export { IdentityPrincipalMapper, PrincipalMapper } from './principal-mapper.js';
export type { Principal } from './principal.js';
export { RemoteVerificationKeys } from './remote-verification-keys.js';
export type { Revocation, RevocationKind } from './revocation.js';
export { assertTellable, LocalRevocations, RevocationPublisher } from './revocation-publisher.js';
export type { RevocationNotice } from './revocation-publisher.js';
export { IssuerRevocationHealth } from './issuer-revocation-health.js';
export type { RevocationCounters, RevocationReport, RevocationStatus } from './issuer-revocation-health.js';
export { RevocationHealth } from './revocation-health.js';
export { RevocationSet } from './revocation-set.js';
export type { RevocationSettings } from './revocation-settings.js';
export { RevocationSource } from './revocation-source.js';
export { SECURITY_EVENT_TYPES } from './security-event.js';
export { ForServices, isPublic, OwnIssuerOnly, Public, RequireScopes, scopesOf } from './route-access.js';
export { StaticVerificationKeys } from './static-verification-keys.js';
export { TrustedIssuers } from './tokens/trusted-issuers.js';
export {
  LONGEST_CLOCK_TOLERANCE_SECONDS,
  MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS,
  type TokenRules,
} from './tokens/access-token-rules.js';
export { VerificationKeys } from './verification-keys.js';
export type { VerificationKey } from './verification-keys.js';
