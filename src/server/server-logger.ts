import { ConsoleLogger } from '@nestjs/common';
import { LOG_LEVELS } from '../config/server-config.js';
import type { ServerConfig } from '../config/server-config.js';

/** Nest logs each module and each route in these contexts, which would hide the other lines. */
const NOISY_CONTEXTS = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Nest also throws the errors of these contexts, and `main` reports them. */
const THROWN_CONTEXTS = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** The log of the server: text in development, one JSON object for each line in production. */
export class ServerLogger extends ConsoleLogger {
  private readonly isVerbose: boolean;

  constructor({ production, logLevel }: Pick<ServerConfig, 'production' | 'logLevel'>) {
    super('Postern', { json: production, logLevels: LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(logLevel) + 1) });
    this.isVerbose = logLevel === 'debug' || logLevel === 'verbose';
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (!this.isVerbose && typeof context === 'string' && NOISY_CONTEXTS.has(context)) return;
    super.log(message, ...rest);
  }

  /** Logs the message at every level, for the result of the start. */
  announce(message: string): void {
    this.printMessages([message], 'Postern', 'log');
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (!this.isVerbose && THROWN_CONTEXTS.has(rest.at(-1))) return;
    super.error(message, ...rest);
  }
}
