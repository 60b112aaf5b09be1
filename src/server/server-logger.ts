import { ConsoleLogger } from '@nestjs/common';
import { LOG_LEVELS } from '../config/server-config.js';
import type { ServerConfig } from '../config/server-config.js';

/** Nest tells of each module and route as it finds it: dozens of lines that hide the few a person looks for. */
const CHATTER = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** What Nest logs under these names it throws as well, and whoever started it says it in a sentence. */
const THROWN = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** The server's log: for people in development, one JSON object a line in production. */
export class ServerLogger extends ConsoleLogger {
  private readonly isVerbose: boolean;

  constructor({ production, logLevel }: Pick<ServerConfig, 'production' | 'logLevel'>) {
    super('Postern', { json: production, logLevels: LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(logLevel) + 1) });
    this.isVerbose = logLevel === 'debug' || logLevel === 'verbose';
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (!this.isVerbose && typeof context === 'string' && CHATTER.has(context)) return;
    super.log(message, ...rest);
  }

  /** Says it whatever the level is, as what a start has come to. */
  tell(message: string): void {
    this.printMessages([message], 'Postern', 'log');
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (!this.isVerbose && THROWN.has(rest.at(-1))) return;
    super.error(message, ...rest);
  }
}
