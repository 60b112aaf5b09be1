import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from 'postern/embedded-postgres';

/** The PostgreSQL server that holds the databases of one run. */
export interface Databases {
  /** Creates an empty database, which is dropped at the end. */
  create(): Promise<string>;
  version(): Promise<string>;
  close(): Promise<void>;
}

/** The PostgreSQL of `POSTERN_BENCH_DATABASE_URL` or `DATABASE_URL`, or else an embedded one in its own folder. */
export async function openDatabases(): Promise<Databases> {
  const given = process.env.POSTERN_BENCH_DATABASE_URL ?? process.env.DATABASE_URL;
  if (given) return databasesOf(given, '', () => Promise.resolve());
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  // PostgreSQL runs as another user if root starts it, and that user needs access to this folder.
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  return databasesOf(postgres.databaseUrl, ', embedded', async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });
}

function databasesOf(server: string, kind: string, close: () => Promise<void>): Databases {
  const created: string[] = [];
  return {
    create: async () => {
      const name = `postern_bench_${randomUUID().slice(0, 8)}`;
      await query(server, `CREATE DATABASE ${name}`);
      created.push(name);
      return server.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
    },
    version: async () => {
      const [row] = await query<{ version: string }>(server, `SELECT current_setting('server_version') AS version`);
      return `PostgreSQL ${row!.version.split(' ')[0]}${kind}`;
    },
    close: async () => {
      for (const name of created) await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await close();
    },
  };
}

/** Runs one statement on a separate connection. */
export async function query<T extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
