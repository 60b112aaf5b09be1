export { AccessTokens, type AccessTokenClaims, type IssuedAccessToken } from './access-tokens.js';
export { JwkDto, JwksDto } from './dto/jwks.dto.js';
export { KeyDto } from './dto/key.dto.js';
export { MetadataDto } from './dto/metadata.dto.js';
export { RotateKeysDto } from './dto/rotate-keys.dto.js';
export { assertStrongSecret, InstanceSecret } from './instance-secret.js';
export { issuerProblem } from './issuer-address.js';
export { JwksController } from './jwks.controller.js';
export { ecdsaSignatureFromDer } from 'postern/jws';
export { KeyKill } from './key-kill.js';
export { KeyList } from './key-list.js';
export { KeyRing } from './key-ring.js';
export { KeyRotation } from './key-rotation.js';
export { keyStateOf, type KeyInstants, type KeyState } from './key-state.js';
export { KeysController } from './keys.controller.js';
export { KnownKeys } from './known-keys.js';
export { MetadataController } from './metadata.controller.js';
export { ServerMetadata } from './server-metadata.js';
export { SigningKey } from './signing-key.entity.js';
export { SigningKeys, type PublicSigningKey } from './signing-keys.js';
export { SlowerClock } from './slower-clock.js';
export { StaticSigningKeys } from './static-signing-keys.js';
export { StoredSigningKeys } from './stored-signing-keys.js';
export { TokenSigner } from './token-signer.js';
export {
  AccessTokenTooLargeError,
  KeyNotFoundError,
  KeysManagedElsewhereError,
  MalformedScopeError,
  NoActiveKeyError,
  ReservedClaimError,
  SignerFailedError,
  type TokensErrorCode,
} from './tokens.errors.js';
export { SigningKeyActivated, SigningKeyAnnounced, SigningKeyKilled } from './tokens.events.js';
export type { TokensStructure } from './tokens.module-definition.js';
export { TokensModule } from './tokens.module.js';
export { CheckedTokensSettings, type StaticSigningKeySettings, type TokensSettings } from './tokens.settings.js';
