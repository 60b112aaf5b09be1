/** PgBouncer names one parameter at a time, so the remedy names all that Postern sends. */
const REJECTED = /^unsupported startup parameter(?: in options)?: (.+)$/;
/** SQLSTATE protocol_violation, with which PgBouncer reports its own errors. */
const PROTOCOL_VIOLATION = '08P01';
/** The timeouts in `dataSourceOptionsOf`. */
const SENT = 'statement_timeout, lock_timeout, idle_in_transaction_session_timeout';

/**
 * Returns the error. Adds the remedy to the message of a pooler that rejects a parameter of the connection: its own
 * message names neither the pooler nor its setting.
 *
 * @see https://www.pgbouncer.org/config.html#ignore_startup_parameters
 */
export function explainRejectedParameter<T>(error: T): T {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== PROTOCOL_VIOLATION) return error;
  const parameter = REJECTED.exec(error.message)?.[1];
  if (parameter === undefined) return error;
  const isSent = SENT.split(', ').includes(parameter);
  error.message += isSent
    ? `. PgBouncer rejects the timeouts that Postern sends when it opens a connection. Write "ignore_startup_parameters = ` +
      `${SENT}" into pgbouncer.ini, and set the timeouts for the role, as the README of postern/persistence shows.`
    : `. PgBouncer rejects a parameter of the database URL. Remove it from the URL, or add it to ` +
      '"ignore_startup_parameters" in pgbouncer.ini.';
  return error;
}
