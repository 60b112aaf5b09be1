import { join } from 'node:path';
import { locateNative, MAJOR_VERSION, prepareBinaries } from './binaries.js';
import { ensureCluster, removeUnfinished, SUPERUSER } from './cluster.js';
import { makeSocketFolder, openFolder, openReachableFolder, removeSocketFolder } from './folders.js';
import { OwnerLock } from './owner-lock.js';
import { settleOrphan } from './pid-file.js';
import { Postmaster } from './postmaster.js';
import { chooseRunAs } from './run-as.js';
import { stopAtSignals } from './stop-signals.js';

/** Settings of the embedded PostgreSQL. */
export interface EmbeddedPostgresSettings {
  /** The data folder, created if it does not exist. Only one running process can use it. */
  dataDir: string;
  /** Receives log lines. */
  log?: (line: string) => void;
}

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** The URL for `PersistenceModule` and for every PostgreSQL client on this machine. */
  readonly databaseUrl: string;
  /** The real path of the data folder. */
  readonly dataDir: string;
  /** Shuts PostgreSQL down; resolves when it has stopped. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL 18 on a private Unix socket, for development and tests, as root or as an ordinary user. A
 * committed transaction is on disk. After a `kill -9` of this process or of PostgreSQL, the next start recovers.
 * PostgreSQL stops with this process, also at SIGINT, SIGTERM and SIGHUP.
 *
 * @throws EmbeddedPostgresError when another running process uses the folder, or this machine cannot run PostgreSQL
 *
 * @example
 * ```ts
 * const postgres = await startEmbeddedPostgres({ dataDir: '.postern/postgres', log: console.log });
 * ```
 */
export async function startEmbeddedPostgres({
  dataDir,
  log = () => undefined,
}: EmbeddedPostgresSettings): Promise<EmbeddedPostgres> {
  const native = locateNative();
  const configured = await openFolder(dataDir);
  const runAs = chooseRunAs(join(configured, MAJOR_VERSION));
  const folder = await openReachableFolder(dataDir, runAs);
  const cluster = join(folder, MAJOR_VERSION);
  const lock = await OwnerLock.take(folder);
  let socketFolder: string | undefined;
  try {
    if (lock.leftSocketFolder) await removeSocketFolder(lock.leftSocketFolder);
    await removeUnfinished(folder);
    const binaries = await prepareBinaries(native, folder, runAs);
    if (await settleOrphan(cluster)) log('Stopped an orphaned PostgreSQL of an earlier run');
    if (await ensureCluster(cluster, binaries, runAs))
      log(`Created a new database in ${folder}; it runs as ${runAs.name}`);
    socketFolder = await makeSocketFolder(runAs);
    await lock.record(socketFolder);
    const logFile = join(folder, 'postgres.log');
    const postmaster = new Postmaster({ program: binaries.postgres, cluster, socketFolder, logFile, runAs, log });
    await postmaster.start();
    let stopped: Promise<void> | undefined;
    const end = async () => {
      await postmaster.stop();
      await tidyUp(lock, socketFolder);
      ignoreSignals();
    };
    const stop = () => (stopped ??= end());
    const ignoreSignals = stopAtSignals(stop);
    return { databaseUrl: databaseUrlOf(socketFolder), dataDir: folder, stop };
  } catch (error) {
    await tidyUp(lock, socketFolder);
    throw error;
  }
}

async function tidyUp(lock: OwnerLock, socketFolder: string | undefined): Promise<void> {
  if (socketFolder) await removeSocketFolder(socketFolder);
  await lock.release();
}

/** The URL of the server whose socket is in the folder. */
export function databaseUrlOf(socketFolder: string): string {
  return `postgres://${SUPERUSER}@/postgres?host=${encodeURIComponent(socketFolder)}`;
}
