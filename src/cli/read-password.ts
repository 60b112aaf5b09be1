import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CommandError } from './run-command.js';

const USAGE_ERROR = 2;
/** The exit code of a shell for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Reads a new password: from the file, from the standard input for `-`, or from the terminal without echo and twice.
 *
 * @throws CommandError if there is neither a file nor a terminal, or if both inputs differ
 */
export async function readPassword(file: string | undefined): Promise<string> {
  if (file === '-') return firstLineOf(await text(process.stdin));
  if (file !== undefined) return firstLineOf(await contentOf(file));
  if (!process.stdin.isTTY) {
    throw new CommandError(
      'There is no terminal to ask for the password. Write --password-file <file>, or --password-file - for the standard input.',
      USAGE_ERROR,
    );
  }
  const password = await ask('Password: ');
  if ((await ask('Repeat the password: ')) === password) return password;
  throw new CommandError('Both passwords must be the same. Nothing was changed.', USAGE_ERROR);
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`--password-file cannot be read: ${(error as Error).message}`, USAGE_ERROR);
  }
}

/** An editor ends a file with a line break. */
function firstLineOf(content: string): string {
  return content.split(/\r?\n/, 1)[0]!;
}

async function ask(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // A terminal interface disables the echo of the terminal, and its own echo goes nowhere.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const stop = (): void => {
    lines.close();
    process.stderr.write('\n');
    process.exit(INTERRUPTED);
  };
  lines.once('SIGINT', stop).once('close', stop);
  process.stderr.write(question);
  const answer = await lines.question('');
  lines.off('close', stop).close();
  process.stderr.write('\n');
  return answer;
}
