import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PendingMigrationsError } from 'postern/persistence';
import { runningEmbeddedPostgres, startEmbeddedPostgres } from 'postern/embedded-postgres';
import type { Connections } from '../server/app.module.js';
import type { ServerConfig } from '../config/server-config.js';
import { developmentSecret } from '../server/development-secret.js';
import { assertReachable } from '../server/reachable-database.js';
import { ServerLogger } from '../server/server-logger.js';

/**
 * Runs work with the modules, the secret and the database of the server, without listening. The server may run at the
 * same time, but must have been started before. Only errors are logged, because the standard output has the result.
 */
export async function withStandaloneContext<T>(
  config: ServerConfig,
  module: (connections: Connections) => DynamicModule,
  work: (context: INestApplicationContext) => Promise<T>,
): Promise<T> {
  // The modules would retry, as for a database that is starting.
  if (config.databaseUrl !== undefined) await assertReachable(config.databaseUrl);
  const dataDir = resolve(config.dataDir);
  assertStartedBefore(config, dataDir);
  const secret = config.secret ?? (await developmentSecret(dataDir));
  const folder = join(dataDir, 'postgres');
  const running = config.databaseUrl ?? (await runningEmbeddedPostgres(folder));
  const embedded = running === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : undefined;
  try {
    const databaseUrl = running ?? embedded!.databaseUrl;
    const context = await NestFactory.createApplicationContext(module({ databaseUrl, secret }), {
      logger: new ServerLogger({ production: config.production, logLevel: 'error' }),
      abortOnError: false,
    }).catch((cause: unknown) => {
      if (!(cause instanceof PendingMigrationsError)) throw cause;
      throw new Error(
        'The database does not have the tables of this version. Start the server or run the migrations first. Nothing was changed.',
        { cause },
      );
    });
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  } finally {
    await embedded?.stop();
  }
}

/** A command creates neither the database nor the secret of a development server. */
function assertStartedBefore({ databaseUrl, secret }: ServerConfig, dataDir: string): void {
  const needed = [...(databaseUrl === undefined ? ['postgres'] : []), ...(secret === undefined ? ['secret'] : [])];
  if (needed.every((name) => existsSync(join(dataDir, name)))) return;
  throw new Error(
    `No server has been started with its data in ${dataDir}. Start the server first, or set DATABASE_URL and POSTERN_SECRET ` +
      'to the values of the server. Nothing was changed.',
  );
}
