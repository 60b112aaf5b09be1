import pg from 'pg';

/**
 * Opens one connection and closes it.
 *
 * @throws Error that names DATABASE_URL and the reason, if the connection fails
 */
export async function assertReachable(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    // The message is empty if a name has several addresses; then use the code.
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`The database that DATABASE_URL names cannot be used: ${message || code}.`, { cause });
  } finally {
    await client.end();
  }
}
