import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { PosternModule } from 'postern';
import { migrateDatabase, PersistenceModule } from 'postern/persistence';
import { createEmptyDatabase, createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { KeyList, RevokeKey } from 'postern/tokens';
import { UsersService } from 'postern/users';

const ada = { email: 'ada@example.com', password: 'seven small boats at noon' };
const silent = new ConsoleLogger({ logLevels: [] });

async function run(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The `ALTER DATABASE` of a database with one test as its owner. */
async function configure(url: string, ...settings: string[]): Promise<void> {
  const [row] = await run(url, 'SELECT current_database() AS name');
  for (const setting of settings) await run(url, `ALTER DATABASE "${String(row!['name'])}" SET ${setting}`);
}

const withParameter = (url: string, parameter: string) => `${url}${url.includes('?') ? '&' : '?'}${parameter}`;

const start = (databaseUrl: string) =>
  startTestApplication(
    PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl,
    }),
  );

const boot = async (databaseUrl: string) => {
  const app = await Test.createTestingModule({ imports: [PersistenceModule.forRoot({ databaseUrl })] })
    .setLogger(silent)
    .compile();
  await app.close();
};

describe('a database with other settings', () => {
  let database: TestDatabase;
  let app: TestApplication | undefined;

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await database?.drop();
  });

  interface Body {
    access_token: string;
    refresh_token: string;
    createdAt: string;
  }

  it('a user logs in, refreshes and is disabled, and a key is killed, if the database has other output formats', async () => {
    database = await createTestDatabase();
    await configure(
      database.url,
      `datestyle = 'SQL, DMY'`,
      `intervalstyle = 'sql_standard'`,
      `bytea_output = 'escape'`,
      `standard_conforming_strings = off`,
      `timezone = 'Asia/Kolkata'`,
    );
    app = await start(database.url);
    const call: TestApplication['call'] = (...request) => app!.call(...request);
    expect((await call('POST', '/auth/register', { body: ada })).status).toBe(201);
    const login = () => call<Body>('POST', '/auth/login', { body: ada });
    const { access_token: token, refresh_token } = (await login()).body;
    const me = await call<Body & { id: string }>('GET', '/users/me', { token });
    expect(Math.abs(Date.parse(me.body.createdAt) - Date.now())).toBeLessThan(600_000);
    expect((await call('POST', '/auth/refresh', { body: { refresh_token } })).status).toBe(200);

    const active = (await app.nest.get(KeyList).all()).find(({ state }) => state === 'active')!;
    await app.nest.get(RevokeKey).kill(active.kid);
    expect((await call('GET', '/users/me', { token })).status).toBe(401);

    expect((await login()).status).toBe(200);
    await app.nest.get(UsersService).disable(me.body.id);
    expect((await login()).status).toBe(401);
  });

  it.each(['LATIN1', 'SQL_ASCII'])(
    'the start fails on a database in %s and says how to create another',
    async (name) => {
      database = await createEmptyDatabase();
      const [row] = await run(database.url, 'SELECT current_database() AS name');
      const other = String(row!['name']);
      const server = process.env.POSTERN_TEST_DATABASE_URL!;
      await database.drop();
      await run(server, `CREATE DATABASE ${other} TEMPLATE template0 ENCODING '${name}' LOCALE 'C'`);
      for (const attempt of [boot, migrateDatabase]) {
        await expect(attempt(database.url)).rejects.toMatchObject({
          code: 'database-setting',
          message: expect.stringMatching(`server_encoding = 'UTF8', but it is '${name}'.*CREATE DATABASE`),
        });
      }
    },
  );

  it.each([
    ['array_nulls', 'off', 'on'],
    ['extra_float_digits', '0', '1'],
  ])('the start fails if %s is %s, and says what to set', async (name, wrong, right) => {
    database = await createTestDatabase();
    await configure(database.url, `${name} = ${wrong}`);
    await expect(boot(database.url)).rejects.toThrow(
      `Postern requires ${name} = '${right}', but it is '${wrong}'. Run: ALTER ROLE … SET ${name} = '${right}'`,
    );
  });
});

describe('the parameters of a database URL', () => {
  let database: TestDatabase;
  let app: TestApplication | undefined;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await database.drop();
  });

  it('all tables, statements and notifications use the schema of the URL', async () => {
    await run(database.url, 'CREATE SCHEMA "Acme auth"');
    const options = encodeURIComponent('-c work_mem=5MB');
    app = await start(withParameter(database.url, `schema=${encodeURIComponent('Acme auth')}&options=${options}`));
    const call: TestApplication['call'] = (...request) => app!.call(...request);
    expect((await call('POST', '/auth/register', { body: ada })).status).toBe(201);
    const { body } = await call<{ access_token: string }>('POST', '/auth/login', { body: ada });
    expect((await call('GET', '/users/me', { token: body.access_token })).status).toBe(200);
    const tables = `SELECT schemaname, count(*)::int FROM pg_tables WHERE tablename IN ('users', 'sessions', 'postern_migrations') GROUP BY 1`;
    expect(await run(database.url, tables)).toEqual([{ schemaname: 'Acme auth', count: 3 }]);
  });

  it('the start fails if the schema of the URL does not exist, and changes nothing', async () => {
    const databaseUrl = withParameter(database.url, 'schema=nowhere');
    for (const attempt of [boot, migrateDatabase]) {
      await expect(attempt(databaseUrl)).rejects.toThrow(/schema of the connection is none.*CREATE SCHEMA "nowhere"/);
    }
    expect(await run(database.url, `SELECT FROM pg_tables WHERE tablename = 'postern_migrations'`)).toEqual([]);
  });

  it.each([
    ['search_path=auth', 'parameter "search_path", which has no effect: write schema=name'],
    ['currentSchema=auth', 'parameter "currentSchema", which has no effect: write schema=name'],
    ['sslmod=require', 'parameter "sslmod", which has no effect'],
    ['schema=', 'parameter "schema" without a value'],
  ])('the start rejects %s in the URL', async (parameter, message) => {
    for (const attempt of [boot, migrateDatabase]) {
      await expect(attempt(withParameter(database.url, parameter))).rejects.toThrow(message);
    }
  });

  it('parameters of the driver and of libpq stay possible', async () => {
    const names =
      'sslmode=disable&application_name=acme&connect_timeout=5&target_session_attrs=any&channel_binding=prefer';
    await boot(withParameter(database.url, names));
  });
});
