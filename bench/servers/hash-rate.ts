import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';

/** `Algorithm.Argon2id`, whose const enum does not exist at run time. */
const ARGON2ID = 2;
const password = 'correct horse battery staple';
const memoryCost = Number(process.argv[2]);
const stored = await hash(password, { algorithm: ARGON2ID, memoryCost, timeCost: 2, parallelism: 1 });
const atOnce = Math.min(availableParallelism(), 3);

/** Proves passwords and does nothing else: the most that any login can reach on these cores. */
async function prove(amount: number): Promise<{ requests: number; seconds: number }> {
  const began = performance.now();
  let left = amount;
  const one = async (): Promise<void> => {
    for (; left > 0; await verify(stored, password)) left -= 1;
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return { requests: amount, seconds: (performance.now() - began) / 1000 };
}

process.on('message', (message: { amount?: number }) => {
  if (message.amount !== undefined) void prove(message.amount).then((done) => process.send!(done));
});
// Nothing else keeps it alive.
process.channel?.ref();
process.stdout.write('listens at nothing\n');
