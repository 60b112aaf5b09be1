/** Error codes of the operating system (names of libuv) and of PostgreSQL (SQLSTATE). */
const TRANSIENT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EAI_AGAIN',
  'ENOENT',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  // connection_exception, sqlclient_unable_to_establish_sqlconnection, connection_does_not_exist, connection_failure
  '08000',
  '08001',
  '08003',
  '08006',
  // too_many_connections
  '53300',
  // read_only_sql_transaction: the former primary after a failover
  '25006',
  // serialization_failure, deadlock_detected: a retry may succeed
  '40001',
  '40P01',
  // lock_not_available, query_canceled: the timeouts of every connection
  '55P03',
  '57014',
  // admin_shutdown, crash_shutdown, cannot_connect_now
  '57P01',
  '57P02',
  '57P03',
]);

/**
 * PgBouncer reports every error with this code, protocol_violation, also if PostgreSQL is down. Only the message shows
 * whether a retry may succeed. The patterns match all versions since 1.5; later versions insert the reason.
 *
 * @see https://github.com/pgbouncer/pgbouncer, calls of disconnect_client() and disconnect_server()
 */
const PROTOCOL_VIOLATION = '08P01';
const TRANSIENT_IN_POOLER = new RegExp(
  `^(?:${[
    // PgBouncer cannot connect to PostgreSQL, or has lost the connection.
    'server login has been failing, .*',
    'pgbouncer cannot connect to server',
    'server conn crashed\\?',
    'client_login_timeout(?: \\(server down\\))?',
    // Timeouts of PgBouncer.
    'query_wait_timeout',
    'query[_ ]timeout',
    '(?:idle )?transaction timeout',
    'client_idle_timeout',
    'suspend_timeout',
    // Connection limits of PgBouncer.
    'no more connections allowed(?: .*)?',
    'client connections exceeded .*',
    'bouncer resources exhaustion',
    // Commands of an operator: SHUTDOWN, KILL, DISABLE.
    '(?:server|pooler is) shutting down',
    'admin forced disconnect',
    'database removed',
    'database ".*" is disabled',
  ].join('|')})$`,
);

/** SQLSTATE too_many_connections: the limit of the server, the database, or the role. */
const TOO_MANY_CONNECTIONS = '53300';
const LIMIT_IN_POOLER =
  /^(?:no more connections allowed(?: .*)?|client connections exceeded .*|bouncer resources exhaustion)$/;

/** Whether a new connection failed because of a connection limit of the server, the database, the role or a pooler. */
export function isConnectionLimit(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === TOO_MANY_CONNECTIONS || (code === PROTOCOL_VIOLATION && LIMIT_IN_POOLER.test(error.message));
}

/** The driver's own errors, which have no code. */
const TRANSIENT_MESSAGE =
  /^(Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated|Client was closed|Client has encountered a connection error|Cannot use a pool after calling end)/;

/**
 * Whether a retry may succeed after this error, as after a lost connection or a timeout, but not after a wrong
 * password or an invalid statement.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  // ENOENT of `connect` is a socket that does not exist yet; ENOENT of `open` is a missing certificate file.
  if (code === 'ENOENT' && syscall === 'open') return false;
  if (code === PROTOCOL_VIOLATION) return TRANSIENT_IN_POOLER.test(error.message);
  return typeof code === 'string' ? TRANSIENT_CODES.has(code) : TRANSIENT_MESSAGE.test(error.message);
}

/**
 * Returns the error. Sets `isTransient: true` on a transient one; TypeORM copies the property to its own error. For
 * this property, `postern/problem` answers with 503 instead of 500.
 */
export function markTransient<T>(error: T): T {
  return isTransient(error) ? (Object.assign(error as object, { isTransient: true as const }) as T) : error;
}

/** The error for a connection that was lost, if the original error does not show it. */
export function connectionLost(cause: Error): Error {
  return markTransient(new Error('Connection terminated in the middle of a transaction', { cause }));
}

/** The error after shutdown has closed the pool. A retry may reach another process. */
export function databaseClosed(): Error {
  return markTransient(new Error('Connection terminated: this application has closed its database'));
}
