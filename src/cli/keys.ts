import { runCommand } from './run-command.js';
import type { ServerConfig } from '../config/server-config.js';
import type { KeyTask } from './manage-keys.js';

const USAGE = `npm run --silent keys -- list
npm run --silent keys -- rotate
npm run --silent keys -- kill <kid>

What the routes under /keys do, for whoever has this server's environment and database and no token.
  list    every signing key: its id, its algorithm, its state
  rotate  announces a new key, which signs as soon as every cache of the JWKS must know it; no valid token is refused
  kill    takes a key out at once: every token that it signed is refused everywhere within a second

Each prints the keys as they are afterwards.
`;

/** @throws Error with a sentence that says what to write */
function taskOf([command, kid, ...more]: string[]): KeyTask {
  if (kid === undefined && (command === 'list' || command === 'rotate')) return { name: command };
  if (command === 'kill' && kid !== undefined && more.length === 0) return { name: command, kid };
  throw new Error('Write one of: list, rotate, kill <kid>.');
}

async function keys(config: ServerConfig, args: string[]): Promise<string> {
  const task = taskOf(args);
  // The parts of the server are read only for what can be done: they take a second.
  const { manageKeys } = await import('./manage-keys.js');
  const all = await manageKeys(task, config);
  return all.map(({ kid, algorithm, state }) => `${kid} ${algorithm} ${state}\n`).join('');
}

await runCommand(keys, USAGE);
