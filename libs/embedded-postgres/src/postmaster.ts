import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { readPidFile } from './pid-file.js';
import { endPostmaster } from './process-table.js';
import type { RunAs } from './run-as.js';

/** The paths and the user that a postmaster starts with. */
export interface PostmasterPlan {
  readonly program: string;
  readonly cluster: string;
  readonly socketFolder: string;
  readonly logFile: string;
  readonly runAs: RunAs;
  readonly log: (line: string) => void;
}

const START_TIMEOUT_MILLISECONDS = 60_000;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const MAX_RESTARTS = 5;

/** The server process. Restarts it when it dies. */
export class Postmaster {
  private child?: ChildProcess;
  private isStopping = false;
  private remainingRestarts = MAX_RESTARTS;
  // If this process exits without stop(), PostgreSQL still shuts down.
  private readonly onExit = () => void this.child?.kill('SIGINT');

  constructor(private readonly plan: PostmasterPlan) {}

  /**
   * Resolves when PostgreSQL accepts connections.
   *
   * @throws EmbeddedPostgresError when PostgreSQL does not start within a minute
   */
  async start(): Promise<void> {
    process.on('exit', this.onExit);
    try {
      await this.launch();
    } catch (error) {
      process.off('exit', this.onExit);
      throw error;
    }
  }

  /** Resolves when the server has stopped, within 25 seconds. */
  async stop(): Promise<void> {
    this.isStopping = true;
    process.off('exit', this.onExit);
    const pid = this.child?.pid;
    if (pid !== undefined && this.child?.exitCode === null && this.child.signalCode === null) await endPostmaster(pid);
  }

  private async launch(): Promise<void> {
    for (const end = Date.now() + START_TIMEOUT_MILLISECONDS; ; await delay(200)) {
      const complaint = await this.attempt(end);
      if (complaint === undefined) return;
      // After a kill -9 of the postmaster, its backends exit a little later.
      const isTransient = complaint.includes('shared memory block') || complaint.includes('is still in use');
      if (this.isStopping || !isTransient || Date.now() > end) {
        throw new EmbeddedPostgresError(`PostgreSQL failed to start: ${complaint}`);
      }
    }
  }

  private async attempt(end: number): Promise<string | undefined> {
    const { cluster, logFile } = this.plan;
    if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.old`);
    const logged = existsSync(logFile) ? statSync(logFile).size : 0;
    const child = this.spawn();
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    for (; Date.now() < end; await delay(10)) {
      if (failure) return failure.message;
      if (child.exitCode !== null || child.signalCode !== null) break;
      const file = await readPidFile(cluster);
      if (file?.pid !== child.pid || !file?.isReady) continue;
      child.once('exit', () => void this.revive());
      return undefined;
    }
    child.kill('SIGQUIT');
    return readFileSync(logFile).subarray(logged).toString('utf8').trim() || 'timeout after one minute, without output';
  }

  private spawn(): ChildProcess {
    const { program, cluster, socketFolder, logFile, runAs } = this.plan;
    const parameters = {
      listen_addresses: '',
      unix_socket_directories: socketFolder,
      unix_socket_permissions: '0700',
      timezone: 'UTC',
      log_timezone: 'UTC',
    };
    const log = openSync(logFile, 'a', 0o600);
    try {
      this.child = spawn(
        program,
        ['-D', cluster, ...Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
        {
          uid: runAs.uid,
          gid: runAs.gid,
          cwd: cluster,
          env: { HOME: cluster, LC_ALL: 'C', PATH: '/usr/bin:/bin' },
          stdio: ['ignore', log, log],
          // Outside the terminal's process group: after Ctrl-C, the server closes its connections before PostgreSQL
          // stops.
          detached: true,
        },
      );
    } finally {
      closeSync(log);
    }
    this.child.unref();
    return this.child;
  }

  private async revive(): Promise<void> {
    if (this.isStopping) return;
    this.plan.log(`PostgreSQL stopped unexpectedly; see ${this.plan.logFile}`);
    if (this.remainingRestarts === 0)
      return this.plan.log(`PostgreSQL failed more than ${MAX_RESTARTS} times within a minute; no further retry`);
    this.remainingRestarts -= 1;
    setTimeout(() => (this.remainingRestarts += 1), 60_000).unref();
    try {
      await this.launch();
      this.plan.log('PostgreSQL is running again');
    } catch (error) {
      this.plan.log(error instanceof Error ? error.message : String(error));
    }
  }
}
