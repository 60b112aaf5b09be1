import { runCommand } from './run-command.js';
import type { ServerConfig } from '../config/server-config.js';
import type { KeyTask } from './manage-keys.js';

const USAGE = `npm run --silent keys -- list
npm run --silent keys -- rotate
npm run --silent keys -- kill <kid>

Does the same as the routes under /keys, without a token. It needs the environment and the database of the server.
  list    lists every signing key: id, algorithm, state
  rotate  lets the standby key sign as soon as every cache of the JWKS has it, usually at once; every valid token stays valid
  kill    revokes a key at once: every service rejects its tokens within a second, and the standby key signs

Each command prints the resulting keys.
`;

/** @throws Error with the permitted arguments */
function taskOf([command, kid, ...more]: string[]): KeyTask {
  if (kid === undefined && (command === 'list' || command === 'rotate')) return { name: command };
  if (command === 'kill' && kid !== undefined && more.length === 0) return { name: command, kid };
  throw new Error('Write one of: list, rotate, kill <kid>.');
}

async function keys(config: ServerConfig, args: string[]): Promise<string> {
  const task = taskOf(args);
  // Loading the server takes a second, so validate the arguments first.
  const { manageKeys } = await import('./manage-keys.js');
  const all = await manageKeys(task, config);
  return all.map(({ kid, algorithm, state }) => `${kid} ${algorithm} ${state}\n`).join('');
}

await runCommand(keys, USAGE);
