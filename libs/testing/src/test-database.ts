import { randomUUID } from 'node:crypto';
import type pg from 'pg';

/** A database that one test file owns. */
export interface TestDatabase {
  /** The connection URL, for `PersistenceModule` and other PostgreSQL clients. */
  readonly url: string;
  /** Drops the database and closes all connections to it. */
  drop(): Promise<void>;
}

const LOCK_KEY = '31648367529489007';

/**
 * Creates a database with the schema of Postern and no rows. If `POSTERN_TEST_RUN` is set, it copies a template, which
 * takes some ten milliseconds, so that every test file can have its own database.
 *
 * @param server the URL of a PostgreSQL whose user may create databases; by default `POSTERN_TEST_DATABASE_URL`
 *
 * @example
 * ```ts
 * let database: TestDatabase;
 * beforeAll(async () => { database = await createTestDatabase(); });
 * afterAll(() => database.drop());
 * ```
 */
export async function createTestDatabase(server = serverOfThisRun()): Promise<TestDatabase> {
  const run = process.env.POSTERN_TEST_RUN;
  if (run) return withClient(server, (client) => copyTemplate(client, server, run));
  const database = await createEmptyDatabase(server);
  await migrate(database.url);
  return database;
}

/** Creates a database without tables, for tests of migrations. */
export async function createEmptyDatabase(server = serverOfThisRun()): Promise<TestDatabase> {
  return withClient(server, (client) => create(client, server, 'template0'));
}

async function copyTemplate(client: pg.Client, server: string, run: string): Promise<TestDatabase> {
  const template = `postern_template_${run}`;
  // The first process creates the template. PostgreSQL cannot copy a template that has connections, hence the lock.
  await client.query(`SELECT pg_advisory_lock(${LOCK_KEY})`);
  const { rows } = await client.query('SELECT datistemplate FROM pg_database WHERE datname = $1', [template]);
  if (!rows[0]?.datistemplate) {
    await client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${template} TEMPLATE template0`);
    await migrate(urlOf(server, template));
    await client.query(`ALTER DATABASE ${template} IS_TEMPLATE true`);
  }
  return create(client, server, template);
}

async function create(client: pg.Client, server: string, template: string): Promise<TestDatabase> {
  const name = `postern_test_${process.env.POSTERN_TEST_RUN ?? 'single'}_${randomUUID().slice(0, 8)}`;
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const drop = () =>
    withClient(server, async (other) => void (await other.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)));
  return { url: urlOf(server, name), drop };
}

function serverOfThisRun(): string {
  const server = process.env.POSTERN_TEST_DATABASE_URL;
  if (server) return server;
  throw new Error('The tests need a PostgreSQL: set POSTERN_TEST_DATABASE_URL or pass its URL.');
}

// Imported on demand, here and below: the rest of this lib works without the packages of the database.
async function migrate(url: string): Promise<void> {
  const { migrateDatabase } = await import('postern/persistence');
  await migrateDatabase(url);
}

async function withClient<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { default: driver } = await import('pg');
  const client = new driver.Client({ connectionString: server });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(server);
  if (url === null) throw new Error('The URL of the PostgreSQL for the tests must begin with postgres://.');
  const [, authority, parameters = ''] = url;
  return `${authority}/${database}${parameters}`;
}
