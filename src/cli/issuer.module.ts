import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule, JWT_ALGORITHMS } from 'postern/auth';
import { PersistenceModule } from 'postern/persistence';
import { KeyRingVerificationKeys, TokensModule } from 'postern/tokens';
import { tokensOf } from '../server/app.module.js';
import type { Connections } from '../server/app.module.js';
import type { ServerConfig } from '../config/server-config.js';

/** The modules of the server that sign tokens, for the commands. Its start changes nothing in the database. */
@Module({})
export class IssuerModule {
  /** Creates the module for a configuration. */
  static forConfig(config: ServerConfig, { databaseUrl, secret }: Connections): DynamicModule {
    const { issuer, audience, previousSecrets } = config;
    return {
      module: IssuerModule,
      imports: [
        PersistenceModule.forRoot({ databaseUrl, migrate: false, poolSize: 6 }),
        AuthModule.forRoot({ issuer, audience, algorithms: JWT_ALGORITHMS, keys: KeyRingVerificationKeys }),
        TokensModule.forRoot({ ...tokensOf(config, false), issuer, audience, secret, previousSecrets }),
      ],
    };
  }
}
