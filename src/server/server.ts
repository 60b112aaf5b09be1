import { realpathSync } from 'node:fs';
import type { Server } from 'node:http';
import { isIP } from 'node:net';
import { join, resolve, sep } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHttpAdapter, serveDocs } from 'postern';
import { startEmbeddedPostgres } from 'postern/embedded-postgres';
import type { EmbeddedPostgres } from 'postern/embedded-postgres';
import { AppModule } from './app.module.js';
import type { Connections } from './app.module.js';
import type { ServerConfig } from '../config/server-config.js';
import { inDataDir } from './data-dir.js';
import { developmentSecret } from './development-secret.js';
import { listenError } from './listen-error.js';
import { assertReachable } from './reachable-database.js';
import { recordIssuer } from './recorded-issuer.js';
import { ServerLogger } from './server-logger.js';

const DOCS_ARE_OFF = 'Swagger UI and the OpenAPI document are off. POSTERN_DOCS=true serves them at /docs.';

/** A running server. */
export interface RunningServer {
  readonly app: INestApplication;
  /** The address on this machine, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Completes the current requests, then stops the server and the embedded PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL if there is no DATABASE_URL, migrates the schema, and listens.
 *
 * @param ending aborts the start, also during a migration, which is then rolled back
 * @throws the reason of the aborted signal
 */
export async function startServer(config: ServerConfig, ending: AbortSignal): Promise<RunningServer> {
  const logger = new ServerLogger(config);
  const dataDir = resolve(config.dataDir);
  const secret = config.secret ?? (await inDataDir(dataDir, () => developmentSecret(dataDir)));
  const embedded =
    config.databaseUrl === undefined
      ? await inDataDir(dataDir, () => startDatabase(dataDir, logger)).catch((error: unknown) => {
          // Ctrl-C also stops the child process that creates the database.
          ending.throwIfAborted();
          throw error;
        })
      : undefined;
  try {
    const connections = { secret, databaseUrl: config.databaseUrl ?? embedded!.databaseUrl };
    const app = await unlessAborted(ending, () => listen(config, connections, logger));
    const url = await app.getUrl();
    if (config.production) {
      logger.announce(`Postern listens at ${boundUrlOf(app) ?? url} as the issuer ${config.issuer}`);
      if (!config.docs) logger.announce(DOCS_ARE_OFF);
    } else
      process.stdout.write(greeting(config, url, boundUrlOf(app), embedded && { dataDir, tables: embedded.dataDir }));
    return {
      app,
      url,
      stop: async () => {
        await app.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

function startDatabase(dataDir: string, logger: ServerLogger): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), log: (line) => logger.log(line) });
}

/** Rejects at the abort. The work continues until the process ends. */
function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((succeed, fail) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
    work().then(succeed, fail);
  });
}

/** Creates the application and listens. Closes the application if listening fails. */
async function listen(config: ServerConfig, connections: Connections, logger: ServerLogger): Promise<INestApplication> {
  const app = await NestFactory.create(
    AppModule.forConfig(config, connections),
    await createHttpAdapter(config.httpAdapter, {
      ...config,
      strictTransportSecurity: config.issuer.startsWith('https:'),
      docsPath: config.docs ? '/docs' : false,
    }),
    { logger, abortOnError: false },
  ).catch(async (error: unknown) => {
    // The message of the driver names no variable and may be empty.
    if (config.databaseUrl !== undefined) await assertReachable(config.databaseUrl);
    throw error;
  });
  try {
    if (config.docs) serveDocs(app, { inProduction: true });
    await app.listen(config.port, config.host);
    await recordIssuer(app, config.issuer);
    return app;
  } catch (error) {
    await app.close().catch(() => undefined);
    throw listenError(config, error);
  }
}

/** Returns the URL of the address that the socket is bound to. `getUrl()` returns 127.0.0.1 for 0.0.0.0. */
function boundUrlOf(app: INestApplication): string | undefined {
  const bound = (app.getHttpServer() as Server).address();
  if (bound === null || typeof bound === 'string') return undefined;
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** Returns whether the address stands for every address of the machine. */
const isUnspecified = (host: string): boolean => isIP(host) !== 0 && /^[0:.]+$/.test(host);

/** Returns the text that `npm start` prints in development. */
function greeting(
  config: ServerConfig,
  url: string,
  boundUrl: string | undefined,
  data: { dataDir: string; tables: string } | undefined,
): string {
  // Replicas, restarts and commands share the issuer, so it cannot have the random port.
  const isUnreachable = config.issuer === 'http://localhost:0';
  // If PostgreSQL cannot access the folder, a link in the folder points to another one.
  const elsewhere =
    data && !data.tables.startsWith(`${realpathSync(data.dataDir)}${sep}`) ? `, its tables in ${data.tables}` : '';
  const lines = [
    `Postern listens at ${url}${isUnspecified(config.host) ? ` and at every other address of this machine (${boundUrl})` : ''}`,
    ...(config.docs ? [`  Swagger UI  ${url}/docs`] : []),
    `  Mailbox     ${url}/dev/mailbox`,
    `  JWKS        ${url}/.well-known/jwks.json`,
    `  Issuer      ${config.issuer}${isUnreachable ? ' (not reachable: set POSTERN_ISSUER if PORT=0)' : ''}`,
    `  Data        ${data === undefined ? 'in the database that DATABASE_URL names' : `embedded PostgreSQL in ${data.dataDir}${elsewhere}`}`,
    '  This is a development set-up. For production, set NODE_ENV=production, and the start lists the missing variables.',
  ];
  return `\n${lines.join('\n')}\n\n`;
}
