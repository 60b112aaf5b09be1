import type { INestApplicationContext } from '@nestjs/common';
import { Database } from 'postern/persistence';

const NAME = 'issuer';

/** Records the issuer of the server in its database, for commands that run beside the server. */
export async function recordIssuer(context: INestApplicationContext, issuer: string): Promise<void> {
  await context.get(Database).manager.query(
    `INSERT INTO instance (name, value) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE instance.value <> excluded.value`,
    [NAME, issuer],
  );
}

/**
 * Checks that a command has the issuer of the server: no service accepts a token of another issuer.
 *
 * @throws Error that names both issuers and the variables to set
 */
export async function assertIssuerOfServer(context: INestApplicationContext, issuer: string): Promise<void> {
  const [row] = await context
    .get(Database)
    .manager.query<{ value: string }[]>('SELECT value FROM instance WHERE name = $1', [NAME]);
  if (row === undefined || row.value === issuer) return;
  throw new Error(
    `The server with this database is the issuer ${row.value}, but this command has the issuer ${issuer}. ` +
      `Set POSTERN_ISSUER=${row.value}, or the PORT of the server. No token was issued.`,
  );
}
