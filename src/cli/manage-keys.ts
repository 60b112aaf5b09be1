import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { RevokeKey, KeyList, KeyRotation } from 'postern/tokens';
import type { KeyDto } from 'postern/tokens';
import { AppModule } from '../server/app.module.js';
import type { Connections } from '../server/app.module.js';
import { withStandaloneContext } from './standalone-context.js';
import type { ServerConfig } from '../config/server-config.js';
import { IssuerModule } from './issuer.module.js';

/** A task of the command `keys`. */
export type KeyTask = { readonly name: 'list' | 'rotate' } | { readonly name: 'kill'; readonly kid: string };

/**
 * Runs the task with the environment and the database of the server, and returns the resulting keys.
 *
 * @throws Error with a message that names the variable or argument
 */
export async function manageKeys(task: KeyTask, config: ServerConfig): Promise<readonly KeyDto[]> {
  return withStandaloneContext(
    config,
    (connections) => moduleFor(task, config, connections),
    async (context) => {
      const list = context.get(KeyList);
      if (task.name !== 'list') {
        assertAlgorithm(config, await list.all());
        await change(task, context);
      }
      return list.all();
    },
  );
}

function moduleFor({ name }: KeyTask, config: ServerConfig, connections: Connections): DynamicModule {
  if (name !== 'kill') return IssuerModule.forConfig(config, connections);
  // Only the whole server publishes the revocations of a kill to followers.
  return AppModule.forConfig({ ...config, migrate: false }, connections, false);
}

async function change(task: KeyTask, context: INestApplicationContext): Promise<void> {
  if (task.name === 'kill') await context.get(RevokeKey).kill(task.kid);
  else await context.get(KeyRotation).rotate();
}

/**
 * A new key has the algorithm of the environment, which must be the algorithm of the servers.
 *
 * @throws Error with a message that names the variable
 */
function assertAlgorithm({ algorithm }: ServerConfig, all: readonly KeyDto[]): void {
  const lasting = all.filter(({ state, retiredAt }) => state === 'announced' || (state === 'active' && !retiredAt));
  if (lasting.some((key) => key.algorithm === algorithm)) return;
  const found = [...new Set(lasting.map((key) => key.algorithm))].join(' and ') || 'no algorithm';
  throw new Error(
    `The servers sign with ${found}, but POSTERN_ALGORITHM is ${algorithm}. ` +
      'Set the algorithm of the servers for this command. Nothing was changed.',
  );
}
