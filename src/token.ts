import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule } from 'postern/auth';
import { PersistenceModule, runningEmbeddedPostgres, startEmbeddedPostgres } from 'postern/persistence';
import { AccessTokens, KeyRing, TokensModule } from 'postern/tokens';
import { type Connections, tokensOf } from './app.module.js';
import { ConfigurationError, loadEnvironmentFile, readConfig, type ServerConfig } from './config.js';
import { developmentSecret } from './development-secret.js';

const USAGE = `npm run --silent token -- --scope <scope> --subject <service> [--seconds <lifetime>] [--audience <audience>]

Prints an access token for a service, signed by this server's own keys: the same environment, the same database.
  --scope     what it may do, for example revocations:read; may be repeated
  --subject   whom it is for: the \`sub\` of the token
  --seconds   how long it lives; POSTERN_SERVICE_TOKEN_SECONDS at the most, and unless told
  --audience  its \`aud\`; POSTERN_AUDIENCE unless told; may be repeated
`;

interface TokenRequest {
  readonly scopes: readonly string[];
  readonly subject: string;
  readonly lifetimeSeconds: number;
  readonly audience: readonly string[] | undefined;
}

/** The parts of the server that make tokens, and none that listens. */
@Module({})
class TokenModule {
  static forConfig(config: ServerConfig, { databaseUrl, secret }: Connections): DynamicModule {
    const { issuer, audience, previousSecrets } = config;
    return {
      module: TokenModule,
      imports: [
        PersistenceModule.forRoot({ databaseUrl, migrate: config.migrate, poolSize: 2 }),
        AuthModule.forRoot({ issuer, audience, algorithms: [config.algorithm], keys: KeyRing }),
        TokensModule.forRoot({ ...tokensOf(config), issuer, audience, secret, previousSecrets }),
      ],
    };
  }
}

/** Makes the token that the arguments ask for. */
async function mint(config: ServerConfig, asked: TokenRequest): Promise<string> {
  const dataDir = resolve(config.dataDir);
  const secret = config.secret ?? (await developmentSecret(dataDir));
  const folder = join(dataDir, 'postgres');
  const running = config.databaseUrl ?? (await runningEmbeddedPostgres(folder));
  const embedded = running === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : undefined;
  try {
    const databaseUrl = running ?? embedded!.databaseUrl;
    const context = await NestFactory.createApplicationContext(TokenModule.forConfig(config, { databaseUrl, secret }), {
      // The token is all that is printed to the standard output.
      logger: ['error'],
      abortOnError: false,
    });
    try {
      return (await context.get(AccessTokens).issue(asked)).token;
    } finally {
      await context.close();
    }
  } finally {
    await embedded?.stop();
  }
}

/** @throws Error with a sentence that says what to write */
function requestOf(config: ServerConfig, args: string[]): TokenRequest {
  const { values } = parseArgs({
    args,
    options: {
      scope: { type: 'string', multiple: true },
      subject: { type: 'string' },
      seconds: { type: 'string' },
      audience: { type: 'string', multiple: true },
    },
  });
  const scopes = (values.scope ?? []).flatMap((scope) => scope.split(/[ ,]+/)).filter((scope) => scope !== '');
  const lifetimeSeconds = Number(values.seconds ?? config.serviceTokenSeconds);
  if (scopes.length === 0 || !scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new Error('--scope must name a scope, such as revocations:read.');
  }
  if (!values.subject) throw new Error('--subject must name the service that the token is for.');
  if (!(Number.isInteger(lifetimeSeconds) && lifetimeSeconds > 0 && lifetimeSeconds <= config.serviceTokenSeconds)) {
    throw new Error(`--seconds must be a whole number from 1 to ${config.serviceTokenSeconds}.`);
  }
  return { scopes, subject: values.subject, lifetimeSeconds, audience: values.audience };
}

try {
  loadEnvironmentFile();
  const config = readConfig();
  const asked = requestOf(config, process.argv.slice(2));
  process.stdout.write(`${await mint(config, asked)}\n`);
} catch (error) {
  const told = error instanceof ConfigurationError ? error.problems.join('\n') : (error as Error).message;
  process.stderr.write(`${told}\n\n${USAGE}`);
  process.exitCode = 1;
}
