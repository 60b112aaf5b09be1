export { AccessTokenVerifier } from './tokens/access-token-verifier.js';
export { AUTH_SETTINGS } from './settings/auth-settings.js';
export type { AuthSettings, IssuerSettings, JwksSettings } from './settings/auth-settings.js';
export {
  CrossSiteRequestError,
  ImpersonationNotAllowedError,
  InsufficientScopeError,
  InvalidTokenError,
  MissingTokenError,
  PermissionMissingError,
  PolicyDeniedError,
  PrincipalUnknownError,
  RevocationsUnknownError,
  RoleMissingError,
  UnsupportedContextError,
} from './auth.errors.js';
export type { AuthErrorCode } from './auth.errors.js';
export type { AuthStructure } from './settings/auth-structure.js';
export { AuthModule } from './auth.module.js';
export { Carrier } from './carriers/carrier.js';
export type { OpenCall } from './carriers/carrier.js';
export { MessageRequest } from './carriers/message-request.js';
export { Clock, SystemClock } from './revocations/clock.js';
export { FeedRevocationSource } from './revocations/feed-revocation-source.js';
export { ConfiguredVerificationKeys } from './keys/configured-verification-keys.js';
export { CurrentPrincipal, CurrentUser } from './guard/current-user.decorator.js';
export { EndsWithToken } from './streams/ends-with-token.decorator.js';
export { FixedResponse } from './answers/fixed-response.decorator.js';
export { withInheritedRoutes } from './access/inherited-routes.js';
export { isGuarded, isOptional, isPublic, rightsOf, scopesOf } from './access/route-access.js';
export type { RequiredRights } from './access/route-access.js';
export { JwtAuthGuard } from './guard/jwt-auth.guard.js';
export type { GuardedRequest } from './guard/guarded-request.js';
export { isJwtAlgorithm, JWT_ALGORITHMS } from 'postern/jws';
export type { Jwk, JwtAlgorithm, KeyMaterial } from 'postern/jws';
export { JwtStrategy } from './guard/jwt.strategy.js';
export { OpenStreams } from './streams/open-streams.js';
export { ISSUER_PROFILES } from './profiles/issuer-profiles.js';
export type { ClaimMapping, IssuerProfile } from './profiles/issuer-profile.js';
export {
  definedPermissions,
  definePermissions,
  isDefinedPermission,
  isPermission,
} from './permissions/define-permissions.js';
export type { DefinedPermission } from './permissions/define-permissions.js';
export type { PermissionName, PermissionNames, PosternPermission } from './permissions/permission-names.js';
export { Policy } from './permissions/policy.js';
export type { PolicyContext } from './permissions/policy.js';
export { RouteRights } from './permissions/route-rights.js';
export { ALL_PERMISSIONS, PrincipalPermissions } from './permissions/principal-permissions.js';
export { IdentityPrincipalMapper, PrincipalMapper } from './guard/principal-mapper.js';
export type { Actor, Principal } from './guard/principal.js';
export { RemoteVerificationKeys } from './keys/remote-verification-keys.js';
export type { Revocation, RevocationKind } from './revocations/revocation.js';
export { assertValidRevocation, RevocationPublisher } from './revocations/revocation-publisher.js';
export { LocalRevocations } from './revocations/local-revocations.js';
export type { RevocationRequest } from './revocations/revocation-publisher.js';
export { IssuerRevocationHealth } from './revocations/issuer-revocation-health.js';
export type { RevocationCounters, RevocationReport, RevocationStatus } from './revocations/issuer-revocation-health.js';
export { RevocationHealth } from './revocations/revocation-health.js';
export { RevocationSet, roleTarget } from './revocations/revocation-set.js';
export type { RevocationSettings } from './settings/revocation-settings.js';
export type { IssuerFetch } from './keys/issuer-fetch.js';
export type { TokenSource } from './settings/token-sources.js';
export { RevocationSource } from './revocations/revocation-source.js';
export { SECURITY_EVENT_TYPES } from './revocations/security-event.js';
export {
  ForServices,
  NoImpersonation,
  OptionalAuth,
  OwnIssuerOnly,
  Public,
  RequireAnyPermission,
  RequirePermissions,
  RequireRoles,
  RequireScopes,
  UsePolicy,
} from './access/access.decorators.js';
export { StaticVerificationKeys } from './keys/static-verification-keys.js';
export { TrustedIssuers } from './tokens/trusted-issuers.js';
export {
  MAX_CLOCK_TOLERANCE_SECONDS,
  MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS,
  type TokenRules,
} from './tokens/access-token-rules.js';
export { VerificationKeys } from './keys/verification-keys.js';
export type { VerificationKey } from './keys/verification-keys.js';
