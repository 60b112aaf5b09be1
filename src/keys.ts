import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { type KeyDto, KeyKill, KeyList, KeyRotation } from 'postern/tokens';
import { AppModule, type Connections } from './app.module.js';
import { besideServer } from './beside-server.js';
import { runCommand } from './command.js';
import type { ServerConfig } from './config.js';
import { IssuerModule } from './issuer.module.js';

const USAGE = `npm run --silent keys -- list
npm run --silent keys -- rotate
npm run --silent keys -- kill <kid>

What the routes under /keys do, for whoever has this server's environment and database and no token.
  list    every signing key: its id, its algorithm, its state
  rotate  announces a new key, which signs as soon as every cache of the JWKS must know it; no valid token is refused
  kill    takes a key out at once: every token that it signed is refused everywhere within a second

Each prints the keys as they are afterwards.
`;

interface Task {
  readonly module: (config: ServerConfig, connections: Connections) => DynamicModule;
  readonly act?: (context: INestApplicationContext) => Promise<unknown>;
}

/** @throws Error with a sentence that says what to write */
function taskOf([command, kid, ...more]: string[]): Task {
  const issuer: Task['module'] = (config, connections) => IssuerModule.forConfig(config, connections);
  if (kid === undefined && command === 'list') return { module: issuer };
  if (kid === undefined && command === 'rotate') {
    return { module: issuer, act: (context) => context.get(KeyRotation).rotate() };
  }
  if (command === 'kill' && kid !== undefined && more.length === 0) {
    // A kill is told to those who follow revocations, which the whole server does.
    const server: Task['module'] = (config, connections) =>
      AppModule.forConfig({ ...config, migrate: false }, connections, false);
    return { module: server, act: (context) => context.get(KeyKill).kill(kid) };
  }
  throw new Error('Write one of: list, rotate, kill <kid>.');
}

/**
 * What is made in place of a key is of the algorithm in the environment, and must be what the servers sign with.
 *
 * @throws Error with a sentence that says what to set
 */
function assertAlgorithm({ algorithm }: ServerConfig, all: readonly KeyDto[]): void {
  const lasting = all.filter(({ state, retiredAt }) => state === 'announced' || (state === 'active' && !retiredAt));
  if (lasting.some((key) => key.algorithm === algorithm)) return;
  const found = [...new Set(lasting.map((key) => key.algorithm))].join(' and ') || 'no algorithm';
  throw new Error(
    `The servers sign with ${found}, and POSTERN_ALGORITHM is ${algorithm} here: ` +
      'set it for this command as the servers have it. Nothing was changed.',
  );
}

async function keys(config: ServerConfig, args: string[]): Promise<string> {
  const { module, act } = taskOf(args);
  const all = await besideServer(
    config,
    (connections) => module(config, connections),
    async (context) => {
      const list = context.get(KeyList);
      if (act) {
        assertAlgorithm(config, await list.all());
        await act(context);
      }
      return list.all();
    },
  );
  return all.map(({ kid, algorithm, state }) => `${kid} ${algorithm} ${state}\n`).join('');
}

await runCommand(keys, USAGE);
