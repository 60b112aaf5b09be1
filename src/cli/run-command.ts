import { once } from 'node:events';
import { ConfigurationError, loadEnvironmentFile, readConfig } from '../config/config.js';
import type { ServerConfig } from '../config/server-config.js';
import { withVariables } from '../config/variable-names.js';

/** Prints a part of a long result. It resolves when the reader of the standard output can take more. */
export type Print = (text: string) => Promise<void>;

/** A command, which returns the text to print. */
export type Command = (config: ServerConfig, args: string[], print: Print) => Promise<string>;

/** An error of a command with its exit code. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/**
 * Runs a command in the environment of the server. The standard output has only the result. An error goes to the
 * standard error with the usage, and the exit code is 1, or that of a `CommandError`. `--help` prints the usage.
 */
export async function runCommand(command: Command, usage: string): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage);
    return;
  }
  try {
    loadEnvironmentFile();
    process.stdout.write(await command(readConfig(), args, print));
  } catch (error) {
    process.exitCode = error instanceof CommandError ? error.exitCode : 1;
    // Open connections would keep the process alive for seconds.
    process.stderr.write(`${sentencesOf(error)}\n\n${usage}`, () => process.exit());
  }
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function sentencesOf(error: unknown): string {
  return error instanceof ConfigurationError ? error.problems.join('\n') : withVariables((error as Error).message);
}
