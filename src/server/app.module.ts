import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PosternModule } from 'postern';
import { JWT_ALGORITHMS } from 'postern/auth';
import type { ServerConfig } from '../config/server-config.js';

/** The settings of `TokensModule` in the server and in the commands. */
export function tokensOf(config: ServerConfig, keepsRing = true) {
  return {
    keepsRing,
    algorithm: config.algorithm,
    clientId: config.clientId,
    maximumTokenBytes: config.maximumTokenBytes,
    accessTokenLifetimeSeconds: config.accessTokenSeconds,
    maximumLifetimeSeconds: longestTokenSeconds(config),
    sessionTokenLifetimeSeconds: config.accessTokenSeconds,
  };
}

function longestTokenSeconds({ accessTokenSeconds, serviceTokenSeconds }: ServerConfig): number {
  return Math.max(accessTokenSeconds, serviceTokenSeconds);
}

/** The database and the secret, which the start determines. */
export interface Connections {
  readonly databaseUrl: string;
  readonly secret: string;
}

/** The server, composed like every application of Postern. */
@Module({})
export class AppModule {
  /**
   * Creates the module for a configuration.
   *
   * @param keepsRing whether it rotates the signing keys, as a server does and a command does not
   */
  static forConfig(config: ServerConfig, { databaseUrl, secret }: Connections, keepsRing = true): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PosternModule.forRoot({
          issuer: config.issuer,
          audience: config.audience,
          secret,
          previousSecrets: config.previousSecrets,
          databaseUrl,
          redisUrl: config.redisUrl,
          production: config.production,
          persistence: { migrate: config.migrate, poolSize: config.databasePoolSize },
          // Each key has one algorithm. Tokens of the former algorithm stay valid after a change.
          auth: { algorithms: JWT_ALGORITHMS },
          tokens: tokensOf(config, keepsRing),
          sessions: {
            refreshTokenLifetimeSeconds: config.refreshTokenSeconds,
            sessionMaximumSeconds: config.sessionMaximumSeconds,
            sessionsPerUser: config.sessionsPerUser,
            followersPerToken: config.followersPerToken,
            longestTokenLifetimeSeconds: longestTokenSeconds(config),
          },
          mail: { smtpUrl: config.smtpUrl, from: config.mailFrom, publicUrl: config.publicUrl },
          users: { deletionGraceDays: config.deletionGraceDays },
          limits: config.limits,
          accounts: { requireVerifiedEmail: config.requireVerifiedEmail },
          controllers: { accountFlows: { magicLink: config.magicLink } },
          password: {
            minimumLength: config.passwordMinLength,
            argon2: config.argon2,
            hashing: { concurrency: config.hashesAtOnce },
            pepper: config.pepper,
            previousPeppers: config.previousPeppers,
            breach: { url: config.breachUrl },
          },
        }),
      ],
    };
  }
}
