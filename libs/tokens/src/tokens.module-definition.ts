import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RevocationPublisher, withInheritedRoutes } from 'postern/auth';
import { AccessTokens } from './access-tokens.js';
import { InstanceSecret } from './instance-secret.js';
import { JwksController } from './discovery/jwks.controller.js';
import { RevokeKey } from './keys/revoke-key.js';
import { KeyList } from './routes/key-list.js';
import { KeyRingVerificationKeys } from './keys/key-ring-verification-keys.js';
import { KeyRotation } from './keys/key-rotation.js';
import { SigningKeyTable } from './keys/signing-key-table.js';
import { PrivateKeyEncryption } from './keys/private-key-encryption.js';
import { KeyRefresh } from './keys/key-refresh.js';
import { KeysController } from './routes/keys.controller.js';
import { KeyRing } from './keys/key-ring.js';
import { MetadataPrefixCheck } from './discovery/metadata-prefix.check.js';
import { DISCOVERY_CONTROLLERS, IssuerPathRoutes } from './discovery/issuer-path.routes.js';
import { MetadataController } from './discovery/metadata.controller.js';
import { ServerMetadata } from './discovery/server-metadata.js';
import { SigningKey } from './keys/signing-key.entity.js';
import { SigningKeys } from './keys/signing-keys.js';
import { EarliestClock } from './earliest-clock.js';
import { StaticSigningKeys } from './keys/static-signing-keys.js';
import { DatabaseSigningKeys } from './keys/database-signing-keys.js';
import { TokenSigner } from './token-signer.js';
import { CheckedTokensSettings, SETTINGS } from './tokens.settings.js';
import type { TokensSettings, TokensStructure } from './tokens.settings.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: TOKENS_SETTINGS } =
  new ConfigurableModuleBuilder<TokensSettings>({ moduleName: 'Tokens' })
    .setClassMethodName('forRoot')
    .setExtras<TokensStructure>(SETTINGS.noStructure, withStructure)
    .build();

export { ConfigurableModuleClass as ConfigurableTokensModule, TOKENS_SETTINGS };

function withStructure(definition: DynamicModule, structure: TokensStructure): DynamicModule {
  const { jwks = JwksController, metadata = MetadataController, keys } = structure.controllers ?? {};
  return {
    ...definition,
    global: true,
    imports: [
      ...(definition.imports ?? []),
      ...(structure.imports ?? []),
      JwtModule.register({}),
      TypeOrmModule.forFeature([SigningKey]),
    ],
    controllers: [
      ...(definition.controllers ?? []),
      ...(jwks === false ? [] : [withInheritedRoutes(jwks)]),
      ...(metadata === false ? [] : [withInheritedRoutes(metadata)]),
      ...(keys === false ? [] : [withInheritedRoutes(keys ?? KeysController)]),
    ],
    providers: [
      ...(definition.providers ?? []),
      ...settingsProviders(),
      ...(structure.signer ? [{ provide: SigningKeys, useClass: structure.signer }] : shippedSigningKeys()),
      ...(structure.revocations ? [{ provide: RevocationPublisher, useClass: structure.revocations }] : []),
      PrivateKeyEncryption,
      SigningKeyTable,
      KeyRing,
      KeyRingVerificationKeys,
      EarliestClock,
      KeyRotation,
      RevokeKey,
      KeyList,
      KeyRefresh,
      TokenSigner,
      AccessTokens,
      ServerMetadata,
      MetadataPrefixCheck,
      IssuerPathRoutes,
      { provide: DISCOVERY_CONTROLLERS, useValue: { jwks, metadata } },
    ],
    exports: [
      ...(definition.exports ?? []),
      CheckedTokensSettings,
      InstanceSecret,
      SigningKeys,
      KeyRing,
      KeyRingVerificationKeys,
      EarliestClock,
      KeyRotation,
      RevokeKey,
      KeyList,
      TokenSigner,
      AccessTokens,
      ServerMetadata,
    ],
  };
}

function settingsProviders() {
  return [
    {
      provide: CheckedTokensSettings,
      inject: [TOKENS_SETTINGS],
      useFactory: (settings: TokensSettings) => new CheckedTokensSettings(settings),
    },
    {
      provide: InstanceSecret,
      inject: [TOKENS_SETTINGS],
      useFactory: (settings: TokensSettings) => new InstanceSecret(settings.secret, settings.previousSecrets),
    },
  ];
}

function shippedSigningKeys() {
  return [
    DatabaseSigningKeys,
    {
      provide: SigningKeys,
      inject: [CheckedTokensSettings, DatabaseSigningKeys],
      useFactory: ({ staticKeys }: CheckedTokensSettings, stored: DatabaseSigningKeys) =>
        staticKeys.length > 0 ? new StaticSigningKeys(staticKeys) : stored,
    },
  ];
}
