import { join, resolve } from 'node:path';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { runningEmbeddedPostgres, startEmbeddedPostgres } from 'postern/persistence';
import type { Connections } from './app.module.js';
import { ConfigurationError, type ServerConfig } from './config.js';
import { developmentSecret } from './development-secret.js';

/**
 * Does one piece of work with the modules of the server, its secret and its database, and listens nowhere: whether the server
 * is running meanwhile or not. Nothing but errors is logged, so that the standard output is the command's own.
 */
export async function besideServer<T>(
  config: ServerConfig,
  module: (connections: Connections) => DynamicModule,
  work: (context: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const dataDir = resolve(config.dataDir);
  const secret = config.secret ?? (await developmentSecret(dataDir));
  const folder = join(dataDir, 'postgres');
  const running = config.databaseUrl ?? (await runningEmbeddedPostgres(folder));
  const embedded = running === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : undefined;
  try {
    const databaseUrl = running ?? embedded!.databaseUrl;
    const context = await NestFactory.createApplicationContext(module({ databaseUrl, secret }), {
      logger: ['error'],
      abortOnError: false,
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

/** What a command says of its failure: sentences, no stack. */
export function sentencesOf(error: unknown): string {
  return error instanceof ConfigurationError ? error.problems.join('\n') : (error as Error).message;
}
