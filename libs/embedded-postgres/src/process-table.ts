import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * An identity of a running process that differs from that of any other process with the same id, also after a reboot.
 * `undefined` if no such process runs. A zombie does not count as running.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the command in brackets, may contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${startTime}`;
  } catch {
    return undefined;
  }
}

/** The command line of a running process; empty if the process does not exist or is hidden. */
export function commandOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=') ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * Sends a signal and waits until the process has exited.
 *
 * @param limit timeout in milliseconds
 * @returns whether the process has exited
 */
async function signalAndWait(pid: number, signal: NodeJS.Signals, limit: number): Promise<boolean> {
  const before = identityOf(pid);
  if (before === undefined) return true;
  try {
    process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  for (const end = Date.now() + limit; Date.now() < end; await delay(10)) {
    if (identityOf(pid) !== before) return true;
  }
  return false;
}

/** Stops a postmaster: fast shutdown, then immediate shutdown, then SIGKILL. Returns whether it has exited. */
export async function endPostmaster(pid: number): Promise<boolean> {
  return (
    (await signalAndWait(pid, 'SIGINT', 15_000)) ||
    (await signalAndWait(pid, 'SIGQUIT', 5_000)) ||
    (await signalAndWait(pid, 'SIGKILL', 5_000))
  );
}

function ps(pid: number, column: string): string | undefined {
  try {
    const answer = execFileSync('ps', ['-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer.trim() || undefined;
  } catch {
    return undefined;
  }
}
