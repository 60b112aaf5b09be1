import pg from 'pg';

/**
 * Connects once, and leaves.
 *
 * @throws Error with a sentence that names the variable, and why the database cannot be used
 */
export async function assertReachable(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    // Where a name has several addresses, the message is empty and the code says why.
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`The database that DATABASE_URL names cannot be used: ${message || code}.`, { cause });
  } finally {
    await client.end();
  }
}
