export { AccessTokens, type AccessTokenClaims, type IssuedAccessToken } from './access-tokens.js';
export { JwkDto, JwksDto } from './discovery/jwks.dto.js';
export { KeyDto } from './routes/key.dto.js';
export { MetadataDto } from './discovery/metadata.dto.js';
export { RotateKeysDto } from './routes/rotate-keys.dto.js';
export { assertStrongSecret, InstanceSecret } from './instance-secret.js';
export { issuerProblem } from './issuer-address.js';
export { JwksController } from './discovery/jwks.controller.js';
export { ecdsaSignatureFromDer } from 'postern/jws';
export { RevokeKey } from './keys/revoke-key.js';
export { KeyList } from './routes/key-list.js';
export { KeyRingVerificationKeys } from './keys/key-ring-verification-keys.js';
export { KeyRotation } from './keys/key-rotation.js';
export { keyStateOf, type KeyInstants, type KeyState } from './keys/key-state.js';
export { KeysController } from './routes/keys.controller.js';
export { KeyRing } from './keys/key-ring.js';
export { MetadataController } from './discovery/metadata.controller.js';
export { ServerMetadata } from './discovery/server-metadata.js';
export { SigningKey } from './keys/signing-key.entity.js';
export { SigningKeys, type PublicSigningKey } from './keys/signing-keys.js';
export { EarliestClock } from './earliest-clock.js';
export { StaticSigningKeys } from './keys/static-signing-keys.js';
export { DatabaseSigningKeys } from './keys/database-signing-keys.js';
export { TokenSigner } from './token-signer.js';
export {
  AccessTokenTooLargeError,
  KeyNotFoundError,
  KeysManagedElsewhereError,
  MalformedClaimError,
  MalformedScopeError,
  NoActiveKeyError,
  ReservedClaimError,
  SignerFailedError,
  type TokensErrorCode,
} from './tokens.errors.js';
export { SigningKeyActivated, SigningKeyAnnounced, SigningKeyKilled } from './tokens.events.js';
export { TokensModule } from './tokens.module.js';
export {
  CheckedTokensSettings,
  type StaticSigningKeySettings,
  type TokensSettings,
  type TokensStructure,
} from './tokens.settings.js';
