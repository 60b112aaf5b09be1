import { ConfigurationError, loadEnvironmentFile, readConfig } from './config/config.js';
import type { ServerConfig } from './config/server-config.js';
import type { RunningServer } from './server/server.js';
import { withVariables } from './config/variable-names.js';

/** The signals of Ctrl-C, of a supervisor, and of a closed terminal. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Starts the server of the environment, and stops it in order at a stop signal, also during the start. */
async function main(): Promise<void> {
  loadEnvironmentFile();
  const ending = new AbortController();
  const starting = start(readConfig(), ending.signal);
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    ending.abort(new StartAborted());
    // `fail` reports a failed start.
    stopping ??= starting.then((server) => server.stop().catch(fail)).catch(() => undefined);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  await starting;
}

/** Loading the server takes a second, so the configuration is validated first. */
async function start(config: ServerConfig, ending: AbortSignal): Promise<RunningServer> {
  const { startServer } = await import('./server/server.js');
  return startServer(config, ending);
}

/** A stop signal arrived during the start. */
class StartAborted extends Error {}

/** Ends the process, because a failed start leaves connections and timers open. */
function fail(error: unknown): void {
  process.exitCode = error instanceof StartAborted ? 0 : 1;
  process.stderr.write(`${sentenceOf(error)}\n`, () => process.exit());
}

/** Returns the message of an error, and the stack of a programming error. */
function sentenceOf(error: unknown): string {
  if (error instanceof StartAborted) return 'Postern received a stop signal before it had started.';
  if (error instanceof ConfigurationError) return `Postern did not start:\n${error.message}`;
  const isFault = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const message = error instanceof Error ? (isFault && error.stack) || error.message : String(error);
  return `Postern did not start: ${withVariables(message)}`;
}

await main().catch(fail);
