import { ConfigurationError, loadEnvironmentFile, readConfig } from './config/config.js';
import type { ServerConfig } from './config/server-config.js';
import type { RunningServer } from './server/server.js';
import { withVariables } from './config/variable-names.js';

/** Ctrl-C, a supervisor, and a terminal that is closed. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Starts the server that the environment describes, and stops it in order at a signal that ends it, even half-way up. */
async function main(): Promise<void> {
  loadEnvironmentFile();
  const ending = new AbortController();
  const starting = start(readConfig(), ending.signal);
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    ending.abort(new StartAborted());
    // A start that fails is told below.
    stopping ??= starting.then((server) => server.stop().catch(fail)).catch(() => undefined);
  };
  for (const signal of ENDING) process.on(signal, stop);
  await starting;
}

/** A configuration that is refused is told before the server is read, which takes a second. */
async function start(config: ServerConfig, ending: AbortSignal): Promise<RunningServer> {
  const { startServer } = await import('./server/server.js');
  return startServer(config, ending);
}

/** Came while the server was starting: neither a fault nor a refusal. */
class StartAborted extends Error {}

/** Ends the process: a start that failed half-way leaves connections and timers that nobody can reach any more. */
function fail(error: unknown): void {
  process.exitCode = error instanceof StartAborted ? 0 : 1;
  process.stderr.write(`${sentenceOf(error)}\n`, () => process.exit());
}

/** What a person can act on is a sentence; a fault of ours comes with its stack. */
function sentenceOf(error: unknown): string {
  if (error instanceof StartAborted) return 'Postern was told to stop before it had started.';
  if (error instanceof ConfigurationError) return `Postern did not start:\n${error.message}`;
  const isFault = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const message = error instanceof Error ? (isFault && error.stack) || error.message : String(error);
  return `Postern did not start: ${withVariables(message)}`;
}

await main().catch(fail);
