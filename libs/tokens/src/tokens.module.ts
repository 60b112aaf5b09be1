import { Module } from '@nestjs/common';
import { ConfigurableTokensModule } from './tokens.module-definition.js';

/**
 * The issuing side of keys: the key ring and its life, access tokens, the JWKS and the metadata of the server. Needs
 * `PersistenceModule` and `AuthModule`.
 *
 * @example
 * TokensModule.forRoot({ issuer: 'https://id.example.com', audience: 'https://api.example.com', secret })
 */
@Module({})
export class TokensModule extends ConfigurableTokensModule {}
