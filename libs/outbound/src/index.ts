export { CurrentToken } from './callers/current-token.js';
export { ForwardedTokens, UserTokens } from './callers/user-tokens.js';
export type { UserTokenRequest } from './callers/user-tokens.js';
export { HttpTokens } from './clients/http-tokens.js';
export { ServiceClients } from './clients/service-clients.js';
export type { ClientTarget } from './clients/service-clients.js';
export { ServiceFetch } from './clients/service-fetch.js';
export type { ServiceFetchOptions } from './clients/service-fetch.js';
export {
  CallerTokenAudienceError,
  CallerTokenMissingError,
  OriginNotAllowedError,
  ServiceTokenUnavailableError,
} from './outbound.errors.js';
export type { OutboundErrorCode } from './outbound.errors.js';
export type { OutboundSettings, OutboundStructure } from './outbound.module-definition.js';
export { OutboundModule } from './outbound.module.js';
export type { CalledServiceSettings, CallIdentity } from './services/called-service.js';
export { ServiceCredentials } from './services/service-credentials.js';
export type { CallCredentials } from './services/service-credentials.js';
export { ClientCredentialsTokens } from './tokens/client-credentials-tokens.js';
export { FileTokens } from './tokens/file-tokens.js';
export { ServiceTokens } from './tokens/service-tokens.js';
export type { ServiceTokenRequest } from './tokens/service-tokens.js';
export type { TokenEndpointFetch } from './tokens/token-endpoint.js';
