import { join } from 'node:path';
import { locateNative, MAJOR_VERSION, prepareBinaries } from './binaries.js';
import { ensureCluster, removeUnfinished, SUPERUSER } from './cluster.js';
import { makeSocketFolder, openFolder, openReachableFolder, removeSocketFolder } from './folders.js';
import { OwnerLock } from './owner-lock.js';
import { settleOrphan } from './pid-file.js';
import { Postmaster } from './postmaster.js';
import { chooseRunAs } from './run-as.js';

/** What the embedded PostgreSQL is told. */
export interface EmbeddedPostgresSettings {
  /** The folder of the data; made when it is not there. One running process can use it. */
  dataDir: string;
  /** Receives one line for each thing that a person may want to know. */
  log?: (line: string) => void;
}

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** What `PersistenceModule` and every PostgreSQL client on this machine connect with. */
  readonly databaseUrl: string;
  /** Where the data lie: the folder that was asked for, or the one to which the link in its place leads. */
  readonly dataDir: string;
  /** Stops the server in order; resolves when it is down. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL 18 on a private Unix socket, for development and tests: nothing has to be installed, as root
 * or not. What it has acknowledged is on the disk. It recovers by itself from a `kill -9` of this process or of its own,
 * and stops with this process.
 *
 * @throws EmbeddedPostgresError when the folder is in use by another running process, or this machine cannot run it
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
  const asked = await openFolder(dataDir);
  const runAs = chooseRunAs(join(asked, MAJOR_VERSION));
  const folder = await openReachableFolder(dataDir, runAs);
  const cluster = join(folder, MAJOR_VERSION);
  const lock = await OwnerLock.take(folder);
  let socketFolder: string | undefined;
  try {
    if (lock.leftSocketFolder) await removeSocketFolder(lock.leftSocketFolder);
    await removeUnfinished(folder);
    const binaries = await prepareBinaries(native, folder, runAs);
    if (await settleOrphan(cluster)) log('Stopped the PostgreSQL that an earlier run had left behind');
    if (await ensureCluster(cluster, binaries, runAs)) log(`Made a new database in ${folder}, run by ${runAs.name}`);
    socketFolder = await makeSocketFolder(runAs);
    await lock.record(socketFolder);
    const logFile = join(folder, 'postgres.log');
    const postmaster = new Postmaster({ program: binaries.postgres, cluster, socketFolder, logFile, runAs, log });
    await postmaster.start();
    const stop = async () => {
      await postmaster.stop();
      await tidyUp(lock, socketFolder);
    };
    let stopped: Promise<void> | undefined;
    return { databaseUrl: databaseUrlOf(socketFolder), dataDir: folder, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await tidyUp(lock, socketFolder);
    throw error;
  }
}

async function tidyUp(lock: OwnerLock, socketFolder: string | undefined): Promise<void> {
  if (socketFolder) await removeSocketFolder(socketFolder);
  await lock.release();
}

/** The address of the server whose socket lies in the folder. */
export function databaseUrlOf(socketFolder: string): string {
  return `postgres://${SUPERUSER}@/postgres?host=${encodeURIComponent(socketFolder)}`;
}
