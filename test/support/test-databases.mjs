import pg from 'pg';

/** Drops the databases and templates of the test runs that `isMeant` selects. */
export async function removeDatabases(server, isMeant) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT datname FROM pg_database WHERE datname ~ '^postern_(test|template)_'`);
    for (const { datname } of rows) {
      if (!isMeant(datname.split('_')[2])) continue;
      await client.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
      await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
}
