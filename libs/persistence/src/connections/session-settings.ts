import type { DataSource } from 'typeorm';
import { DatabaseSettingError, IsolationLevelError } from '../persistence.errors.js';

/**
 * The formats that the driver and the statements of Postern rely on, by the name that PostgreSQL reports. PgBouncer
 * keeps these settings for each client, also in transaction mode; it does not keep other settings.
 */
const SESSION_SETTINGS = [
  // The order of day and month in input stays.
  { name: 'DateStyle', value: 'ISO', isRight: (value: string) => value.startsWith('ISO') },
  { name: 'IntervalStyle', value: 'postgres', isRight: (value: string) => value === 'postgres' },
  { name: 'standard_conforming_strings', value: 'on', isRight: (value: string) => value === 'on' },
];

/**
 * The statement that makes the session return values as Postern reads them; undefined if it already does.
 *
 * @param reported the settings that PostgreSQL has reported for the session, by their names
 */
export function sessionStatement(reported: ReadonlyMap<string, string>): string | undefined {
  const wrong = SESSION_SETTINGS.filter(({ name, isRight }) => !isRight(reported.get(name) ?? ''));
  return wrong.length === 0 ? undefined : wrong.map(({ name, value }) => `SET ${name} = ${value}`).join('; ');
}

/** The settings that must have one value, and the remedy, if it is not ALTER ROLE. */
const REQUIRED: readonly { name: string; value: string; isRight?: (value: string) => boolean; remedy?: string }[] = [
  ...SESSION_SETTINGS,
  {
    name: 'server_encoding',
    value: 'UTF8',
    remedy: `Create a database with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move the data.`,
  },
  { name: 'array_nulls', value: 'on' },
  { name: 'extra_float_digits', value: '1', isRight: (value: string) => Number(value) >= 1 },
];

const QUERY = `SELECT current_schema() AS schema, current_setting('default_transaction_isolation') AS level,
  ARRAY[${REQUIRED.map(({ name }) => `current_setting('${name}')`).join(', ')}] AS settings`;

/**
 * Checks what Postern depends on and cannot set itself.
 *
 * After a wait for a lock, a statement must see the rows that the other transaction committed. Setting the isolation
 * level for each transaction would cost a round trip, and PgBouncer does not accept it as a startup parameter.
 *
 * @throws IsolationLevelError when transactions are not READ COMMITTED by default
 * @throws DatabaseSettingError for any other setting, and if the schema of the URL is not the current one
 */
export async function assertDatabaseSettings(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ schema: string | null; level: string; settings: string[] }[]>(QUERY);
  const { schema, level, settings } = row!;
  for (const [at, { name, value, isRight, remedy }] of REQUIRED.entries()) {
    const actual = settings[at]!;
    if (isRight ? !isRight(actual) : actual !== value) throw DatabaseSettingError.of(name, value, actual, remedy);
  }
  if (level !== 'read committed') throw new IsolationLevelError(level);
  const { schema: configured } = dataSource.options.extra as { readonly schema?: string | undefined };
  if (schema === null || (configured !== undefined && schema !== configured)) throw wrongSchema(schema, configured);
}

function wrongSchema(schema: string | null, configured: string | undefined): DatabaseSettingError {
  const name = configured === undefined ? '…' : `"${configured.replaceAll('"', '""')}"`;
  return new DatabaseSettingError(
    `The schema of the connection is ${schema === null ? 'none' : `"${schema}"`}, but the database URL names ${name}. Run: CREATE SCHEMA ${name}, ` +
      `if it does not exist. Behind PgBouncer, also run: ALTER ROLE … SET search_path = ${name}, with the user of the connection.`,
  );
}
