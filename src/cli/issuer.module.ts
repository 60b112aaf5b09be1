import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule, JWT_ALGORITHMS } from 'postern/auth';
import { PersistenceModule } from 'postern/persistence';
import { KeyRingVerificationKeys, TokensModule } from 'postern/tokens';
import { tokensOf } from '../server/app.module.js';
import type { Connections } from '../server/app.module.js';
import type { ServerConfig } from '../config/server-config.js';

/** The parts of the server that know its keys and sign with them, for a command beside it: its start changes nothing. */
@Module({})
export class IssuerModule {
  /** The keys of the server that an environment describes. */
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
