import { rm } from 'node:fs/promises';
import { removeDatabases } from './test-databases.mjs';

/**
 * Stops the PostgreSQL of this run and removes its data. On an external server, removes only the databases of this run.
 */
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default async function tearDown() {
  const { folder, postgres } = globalThis.posternTestPostgres ?? {};
  if (!postgres) {
    await removeDatabases(process.env.POSTERN_TEST_DATABASE_URL, (run) => run === process.env.POSTERN_TEST_RUN);
    return;
  }
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
