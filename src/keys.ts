import type { INestApplicationContext } from '@nestjs/common';
import { KeyKill, KeyList, KeyRotation } from 'postern/tokens';
import { AppModule } from './app.module.js';
import { besideServer } from './beside-server.js';
import { runCommand } from './command.js';
import type { ServerConfig } from './config.js';

const USAGE = `npm run --silent keys -- list
npm run --silent keys -- rotate
npm run --silent keys -- kill <kid>

What the routes under /keys do, for whoever has this server's environment and database and no token.
  list    every signing key: its id, its algorithm, its state
  rotate  announces a new key, which signs as soon as every cache of the JWKS must know it; no valid token is refused
  kill    takes a key out at once: every token that it signed is refused everywhere within a second

Each prints the keys as they are afterwards.
`;

type Act = (context: INestApplicationContext) => Promise<unknown>;

/** @throws Error with a sentence that says what to write */
function actOf([command, kid, ...more]: string[]): Act {
  if (command === 'kill' && kid !== undefined && more.length === 0) return (context) => context.get(KeyKill).kill(kid);
  if (kid === undefined && command === 'list') return () => Promise.resolve();
  if (kid === undefined && command === 'rotate') return (context) => context.get(KeyRotation).rotate();
  throw new Error('Write one of: list, rotate, kill <kid>.');
}

async function keys(config: ServerConfig, args: string[]): Promise<string> {
  const act = actOf(args);
  const all = await besideServer(
    config,
    (connections) => AppModule.forConfig(config, connections),
    async (context) => {
      await act(context);
      return context.get(KeyList).all();
    },
  );
  return all.map(({ kid, algorithm, state }) => `${kid} ${algorithm} ${state}\n`).join('');
}

await runCommand(keys, USAGE);
