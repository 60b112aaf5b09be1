import { OwnerLock } from './owner-lock.js';
import { databaseUrlOf } from './start-embedded-postgres.js';

/**
 * The address of the embedded PostgreSQL that another process runs on this folder, for a command beside a running server;
 * `undefined` where none runs.
 *
 * @param dataDir what `startEmbeddedPostgres` was told
 */
export async function runningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  const socketFolder = await OwnerLock.socketFolderIn(dataDir);
  return socketFolder === undefined ? undefined : databaseUrlOf(socketFolder);
}
