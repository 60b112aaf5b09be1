import { realpathSync } from 'node:fs';
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
import { ServerLogger } from './server-logger.js';

const DOCS_ARE_OFF = 'Swagger UI and the OpenAPI document are off. POSTERN_DOCS=true serves them at /docs.';

/** A server that listens. */
export interface RunningServer {
  readonly app: INestApplication;
  /** The address on this machine, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Finishes the requests that run, then stops everything that the start has started. */
  stop(): Promise<void>;
}

/**
 * Starts the database where none is given, brings the schema up to date, and listens.
 *
 * @param ending aborted, it ends a start that is under way, be it in the middle of a migration: what was not committed is undone
 * @throws whatever the signal was aborted with
 */
export async function startServer(config: ServerConfig, ending: AbortSignal): Promise<RunningServer> {
  const logger = new ServerLogger(config);
  const dataDir = resolve(config.dataDir);
  const secret = config.secret ?? (await inDataDir(dataDir, () => developmentSecret(dataDir)));
  const embedded =
    config.databaseUrl === undefined
      ? await inDataDir(dataDir, () => startDatabase(dataDir, logger)).catch((error: unknown) => {
          // Ctrl-C reaches what makes the data folder as well.
          ending.throwIfAborted();
          throw error;
        })
      : undefined;
  try {
    const connections = { secret, databaseUrl: config.databaseUrl ?? embedded!.databaseUrl };
    const app = await unlessAborted(ending, () => listen(config, connections, logger));
    const url = await app.getUrl();
    if (config.production) {
      logger.tell(`Postern listens at ${url} as the issuer ${config.issuer}`);
      if (!config.docs) logger.tell(DOCS_ARE_OFF);
    } else process.stdout.write(greeting(config, url, embedded && { dataDir, tables: embedded.dataDir }));
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

/** What is half done goes on by itself, and ends with the process. */
function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((succeed, fail) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
    work().then(succeed, fail);
  });
}

/** Makes the application and lets it listen; where it cannot, it is closed again. */
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
    // What the driver says of it names no variable, and may be nothing at all.
    if (config.databaseUrl !== undefined) await assertReachable(config.databaseUrl);
    throw error;
  });
  try {
    if (config.docs) serveDocs(app, { inProduction: true });
    await app.listen(config.port, config.host);
    return app;
  } catch (error) {
    await app.close().catch(() => undefined);
    throw listenError(config, error);
  }
}

/** The few lines that a person needs after `npm start`, in development. */
function greeting(config: ServerConfig, url: string, data: { dataDir: string; tables: string } | undefined): string {
  // Replicas, restarts and the commands share it, as no port would be that is another at each start.
  const isNowhere = config.issuer === 'http://localhost:0';
  // Where PostgreSQL cannot get at the folder, a link in it leads to one that it can.
  const elsewhere =
    data && !data.tables.startsWith(`${realpathSync(data.dataDir)}${sep}`) ? `, its tables in ${data.tables}` : '';
  const lines = [
    `Postern listens at ${url}`,
    ...(config.docs ? [`  Swagger UI  ${url}/docs`] : []),
    `  JWKS        ${url}/.well-known/jwks.json`,
    `  Issuer      ${config.issuer}${isNowhere ? ' (where nobody finds it: beside PORT=0 set POSTERN_ISSUER)' : ''}`,
    `  Data        ${data === undefined ? 'in the database that DATABASE_URL names' : `embedded PostgreSQL in ${data.dataDir}${elsewhere}`}`,
    '  This is a development set-up. NODE_ENV=production says what a real deployment has to set.',
  ];
  return `\n${lines.join('\n')}\n\n`;
}
