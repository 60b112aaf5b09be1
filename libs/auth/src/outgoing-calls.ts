/** `postern/auth/outgoing-calls`: the parts of this lib that `postern/outbound` shares. */
export { addMessageInterceptor } from './access/message-enhancers.js';
export { discoverTokenEndpoint } from './keys/issuer-discovery.js';
export { DiscoveredUrl } from './keys/discovered-url.js';
export { failureOf, readBounded, type FetchLimits } from './keys/fetch-json.js';
export { isLoopback } from './keys/public-address.js';
export { principalOf } from './guard/guarded-principal.js';
export { presentedTokenOf } from './tokens/presented-token.js';
