import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { RevokeKey, KeyList, KeyRotation } from 'postern/tokens';
import type { KeyDto } from 'postern/tokens';
import { AppModule } from '../server/app.module.js';
import type { Connections } from '../server/app.module.js';
import { withStandaloneContext } from './standalone-context.js';
import type { ServerConfig } from '../config/server-config.js';
import { IssuerModule } from './issuer.module.js';

/** What can be done to the signing keys beside the server. */
export type KeyTask = { readonly name: 'list' | 'rotate' } | { readonly name: 'kill'; readonly kid: string };

/**
 * Does it, with the environment and the database of the server, and answers every key as it is afterwards.
 *
 * @throws Error with a sentence that says what to set or to write
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
  // A kill is told to those who follow revocations, which the whole server does.
  return AppModule.forConfig({ ...config, migrate: false }, connections, false);
}

async function change(task: KeyTask, context: INestApplicationContext): Promise<void> {
  if (task.name === 'kill') await context.get(RevokeKey).kill(task.kid);
  else await context.get(KeyRotation).rotate();
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
