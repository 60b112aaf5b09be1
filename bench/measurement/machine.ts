import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type as system } from 'node:os';

/** The cores for a process: the measured server has its own core, and all other processes share the rest. */
export type Place = 'server' | 'elsewhere' | 'anywhere';

const cores = availableParallelism();
const canPin =
  process.platform === 'linux' && cores > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
const lists: Readonly<Record<Place, string>> = {
  server: String(cores - 1),
  elsewhere: cores > 2 ? `0-${cores - 2}` : '0',
  anywhere: `0-${cores - 1}`,
};

/** The core of the measured server; undefined if processes cannot be pinned. */
export const serverCore = canPin ? cores - 1 : undefined;

/** The command that runs `program` on its cores. It is unchanged if processes cannot be pinned. */
export function pinned(place: Place, program: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', lists[place], program, ...args]] : [program, [...args]];
}

/** Moves this process and the database that it starts off the core of the measured server. */
export function pinToOtherCore(): void {
  if (canPin) spawnSync('taskset', ['-acp', lists.elsewhere, String(process.pid)], { stdio: 'ignore' });
}

/** A line that describes the machine of the figures, without names of hosts or folders. */
export function describeMachine(postgres: string): string {
  const { model } = cpus()[0] ?? { model: 'unknown processor' };
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return [
    `${cores} cores (${model.trim()}), ${gibibytes} GiB`,
    `${system()} ${release().split('-')[0]}`,
    `Node ${process.versions.node}`,
    postgres,
    canPin
      ? 'the measured server alone on one core; load generator and database on the other'
      : 'processes not pinned to cores',
  ].join(' · ');
}
