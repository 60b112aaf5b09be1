import { ConfigurationError, loadEnvironmentFile, readConfig } from '../config/config.js';
import type { ServerConfig } from '../config/server-config.js';
import { withVariables } from '../config/variable-names.js';

/** What a command of the terminal is asked to do: answers the text that it prints. */
export type Command = (config: ServerConfig, args: string[]) => Promise<string>;

/**
 * Runs a command in the server's environment: the standard output is its answer and nothing else. What is wrong is told in
 * sentences on the other output, with the usage, and the exit code is 1. `--help` is answered with the usage.
 */
export async function runCommand(command: Command, usage: string): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage);
    return;
  }
  try {
    loadEnvironmentFile();
    process.stdout.write(await command(readConfig(), args));
  } catch (error) {
    process.exitCode = 1;
    // What was opened half-way would keep the process for seconds: the server's main ends it in the same way.
    process.stderr.write(`${sentencesOf(error)}\n\n${usage}`, () => process.exit());
  }
}

function sentencesOf(error: unknown): string {
  return error instanceof ConfigurationError ? error.problems.join('\n') : withVariables((error as Error).message);
}
