import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeDatabases } from './test-databases.mjs';

/** Starts one PostgreSQL for all e2e files of this run, unless the caller names one. */
// oxlint-disable-next-line import/no-default-export -- Jest asks for one
export default async function setUp() {
  const now = Date.now();
  process.env.POSTERN_TEST_RUN = `${now.toString(36)}${randomBytes(2).toString('hex')}`;
  if (process.env.POSTERN_TEST_DATABASE_URL) {
    const anHourAgo = (now - 60 * 60 * 1000).toString(36);
    await removeDatabases(process.env.POSTERN_TEST_DATABASE_URL, (run) => run < anHourAgo);
    return;
  }
  await import('./register-typescript.mjs');
  const { startEmbeddedPostgres } = await import('../../libs/embedded-postgres/src/start-embedded-postgres.ts');
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  // PostgreSQL runs as another user if root starts it, and that user needs access to this folder.
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  // PostgreSQL stops when this process exits. A signal alone would not let it notice.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  process.env.POSTERN_TEST_DATABASE_URL = postgres.databaseUrl;
  globalThis.posternTestPostgres = { folder, postgres };
}
