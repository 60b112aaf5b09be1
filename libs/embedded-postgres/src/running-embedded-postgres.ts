import { OwnerLock } from './owner-lock.js';
import { databaseUrlOf } from './start-embedded-postgres.js';

/**
 * The URL of the embedded PostgreSQL that another process runs on this folder; `undefined` if no process runs one. For
 * commands that run beside the server.
 *
 * @param dataDir the same value as for `startEmbeddedPostgres`
 */
export async function runningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  const socketFolder = await OwnerLock.socketFolderIn(dataDir);
  return socketFolder === undefined ? undefined : databaseUrlOf(socketFolder);
}
