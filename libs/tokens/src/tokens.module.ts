import { Module } from '@nestjs/common';
import { missingSettings } from 'postern/problem';
import { ConfigurableTokensModule, TOKENS_SETTINGS } from './tokens.module-definition.js';

/**
 * Issues access tokens, manages the signing keys, and publishes the JWKS and the metadata of the server. Needs
 * `PersistenceModule` and `AuthModule`.
 *
 * @example
 * ```ts
 * TokensModule.forRoot({ issuer: 'https://id.example.com', audience: 'https://api.example.com', secret })
 * ```
 */
@Module({ providers: [missingSettings('TokensModule', TOKENS_SETTINGS)] })
export class TokensModule extends ConfigurableTokensModule {}
