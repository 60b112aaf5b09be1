/*
 * A separate process that starts an embedded PostgreSQL, so that tests can kill it, interrupt it and run it as another
 * user.
 *
 * node embedded-postgres.program.mjs <data folder> [forget | idle]
 */

await import('../support/register-typescript.mjs');

const [, , dataDir, mode] = process.argv;
const { startEmbeddedPostgres } = await import('../../libs/embedded-postgres/src/start-embedded-postgres.ts');
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const postgres = await startEmbeddedPostgres({ dataDir, log: (line) => say({ log: line }) });
  // Like a script that has no signal handler.
  if (mode === 'idle') setInterval(() => undefined, 1000);
  else if (mode !== 'forget') {
    const alive = setInterval(() => undefined, 1000);
    process.once('SIGINT', () => void stop(postgres).then(() => clearInterval(alive)));
  }
  say({ databaseUrl: postgres.databaseUrl, dataDir: postgres.dataDir });
} catch (error) {
  say({ error: error.message, code: error.code });
  process.exitCode = 1;
}

async function stop(postgres) {
  const { default: pg } = await import('pg');
  // Ctrl-C reaches the whole process group. This connection would fail if it had stopped PostgreSQL as well.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const client = new pg.Client({ connectionString: postgres.databaseUrl });
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
  await postgres.stop();
  say({ stopped: true });
}
