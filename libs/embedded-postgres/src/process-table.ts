import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Names a running process so that another one with the same recycled number, or the same number after a reboot, has
 * another name. `undefined` when no such process runs; one that has died and waits for its parent does not run.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets and may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${startTime}`;
  } catch {
    return undefined;
  }
}

/** The command line of a running process, with its arguments; empty when there is none or it is hidden. */
export function commandOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=') ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * Sends a signal and waits until the process has gone.
 *
 * @param limit milliseconds to wait at most
 * @returns whether it has gone
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

/** Ends a postmaster: in order, else at once (the log repairs the rest), else by force. Says whether it has gone. */
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
