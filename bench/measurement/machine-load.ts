import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { serverCore } from './machine.js';

const LOOK_MILLISECONDS = 200;
const BUSY = 0.2;
const MAX_WAIT_SECONDS = 20;

/** Waits until other processes have left the machine idle for a while. */
export async function untilCalm(): Promise<void> {
  const end = performance.now() + MAX_WAIT_SECONDS * 1000;
  do {
    const before = busySeconds();
    await delay(LOOK_MILLISECONDS);
    const after = busySeconds();
    const busiest = Math.max(...after.map((seconds, core) => seconds - before[core]!));
    if (busiest / (LOOK_MILLISECONDS / 1000) < BUSY) return;
  } while (performance.now() < end);
}

/** Records which processes use the core of the measured server. */
export class CoreLoad {
  private readonly began = performance.now();
  private readonly before = busySeconds();

  /** The share of the core that other processes used, from 0 to 1. It is 0 if processes cannot be pinned. */
  shareOfOthers(ownCpuSeconds: number): number {
    if (serverCore === undefined) return 0;
    const used = busySeconds()[serverCore]! - this.before[serverCore]!;
    return Math.max(0, used - ownCpuSeconds) / ((performance.now() - this.began) / 1000);
  }
}

function busySeconds(): number[] {
  return cpus().map(({ times }) => (times.user + times.nice + times.sys + times.irq) / 1000);
}
