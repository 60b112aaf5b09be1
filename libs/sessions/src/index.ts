export { ClaimsProvider, EntityClaims, type SessionClaims } from './login/claims-provider.js';
export { userAgentLabel } from './login/user-agent-label.js';
export { UserSessionsController } from './administration/user-sessions.controller.js';
export { ImpersonationController } from './impersonation/impersonation.controller.js';
export { RefreshDto } from './dto/refresh.dto.js';
export { SessionDto } from './dto/session.dto.js';
export { TokenPairDto } from './dto/token-pair.dto.js';
export { SessionCleanup } from './session-cleanup.js';
export { AccountLoginPolicy, LoginPolicy, NotDisabledPolicy, type LoginAttempt } from './login/login-policy.js';
export { ipAddressOf } from 'postern/limits';
export { sessionContextOf, type RequestLike, type SessionContext } from './login/session-context.js';
export type { TokenPair } from './use-cases/session-tokens.js';
export type { Precondition } from './use-cases/insert-session.js';
export { SessionExpiry } from './session-expiry.js';
export { Session } from './session.entity.js';
export { SessionsController } from './sessions.controller.js';
export {
  AccountDisabledError,
  ImpersonationDisabledError,
  RefreshTokenInvalidError,
  SessionMissingError,
  SessionNotFoundError,
  type SessionsErrorCode,
} from './sessions.errors.js';
export {
  RefreshTokenReused,
  SessionEvent,
  SessionRefreshed,
  SessionRevoked,
  SessionStarted,
  UserImpersonated,
  type SessionOccasion,
} from './sessions.events.js';
export type { SessionsSettings, SessionsStructure } from './sessions.module-definition.js';
export { SessionsModule } from './sessions.module.js';
export { SessionsService } from './sessions.service.js';
