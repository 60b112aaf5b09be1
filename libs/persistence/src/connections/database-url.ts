import pg from 'pg';

/**
 * An unescaped `/`, `?` or `#` in a password ends the host: the parser reads the text before it as a port. If that
 * text is a valid port, only this pattern detects the mistake.
 */
const UNESCAPED = /#|^\w+:\/\/[^/?]*(?:\/[^?]*|\?[^=]*)@/;

const UNREADABLE =
  'cannot be read as the address of a PostgreSQL: write postgres://user:password@host:5432/database, with a port of 65535 at ' +
  'most, and percent-encode every special character of user and password, such as %2F for / and %23 for #.';

/** The parameters that the driver reads. */
const HONOURED = new Set([
  'user',
  'password',
  'host',
  'port',
  'db',
  'encoding',
  'client_encoding',
  'options',
  'replication',
  'ssl',
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslnegotiation',
  'uselibpqcompat',
  'application_name',
  'fallback_application_name',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
]);

/** Parameters of libpq that many providers write into their URLs. The driver ignores them. */
const HARMLESS = new Set([
  'connect_timeout',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'target_session_attrs',
  'load_balance_hosts',
  'channel_binding',
  'gssencmode',
  'sslsni',
  'sslcompression',
  'ssl_min_protocol_version',
]);

const SCHEMA = 'schema';
/** The names of the same parameter in other drivers, in lower case. */
const SCHEMA_ELSEWHERE = new Set(['search_path', 'searchpath', 'currentschema', 'current_schema']);

/**
 * The URL for the driver, with the schema as a startup option of the connection.
 *
 * @param databaseUrl a URL without a problem
 */
export function connectionOf(databaseUrl: string): { connectionString: string; schema: string | undefined } {
  const parameters = parametersOf(databaseUrl);
  const schema = parameters.get(SCHEMA) ?? undefined;
  if (schema === undefined) return { connectionString: databaseUrl, schema };
  // In `options`, a backslash escapes spaces and backslashes.
  const path = `"${schema.replaceAll('"', '""')}"`.replaceAll(/[\\\s]/g, String.raw`\$&`);
  const options = [parameters.get('options') ?? '', `-c search_path=${path}`].join(' ').trim();
  // The driver uses the last of two parameters with one name.
  return { connectionString: `${databaseUrl}&options=${encodeURIComponent(options)}`, schema };
}

function parametersOf(databaseUrl: string): URLSearchParams {
  return new URLSearchParams(/\?(.*)$/s.exec(databaseUrl)?.[1] ?? '');
}

/** The driver ignores unknown parameters, also a misspelt `sslmode`. */
function parameterProblem(databaseUrl: string): string | undefined {
  for (const [name, value] of parametersOf(databaseUrl)) {
    if (name === SCHEMA && value.trim() === '')
      return 'has the parameter "schema" without a value: name it, or remove it.';
    if (name === SCHEMA || HONOURED.has(name) || HARMLESS.has(name)) continue;
    // A part of a password, which the message must not show.
    if (/\?.*@/s.test(databaseUrl)) return UNREADABLE;
    const remedy = SCHEMA_ELSEWHERE.has(name.toLowerCase())
      ? 'write schema=name.'
      : `remove it, or write one of schema, ${[...HONOURED].join(', ')}.`;
    return `has the parameter "${name.slice(0, 64)}", which has no effect: ${remedy}`;
  }
  return undefined;
}

/**
 * The problem with a database URL, as the driver reads it: a predicate that follows the name of the setting, without
 * the password. Undefined if the URL is valid.
 */
export function databaseUrlProblem(databaseUrl: string): string | undefined {
  if (UNESCAPED.test(databaseUrl)) return UNREADABLE;
  const problem = parameterProblem(databaseUrl);
  if (problem !== undefined) return problem;
  try {
    // This opens no connection, but reads the certificate files that the URL names.
    const { port } = new pg.Client({ connectionString: databaseUrl });
    return port >= 1 && port <= 65_535 ? undefined : UNREADABLE;
  } catch (error) {
    const { message, name, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) return `names a file that cannot be read: ${message}.`;
    return ['TypeError', 'URIError'].includes(name) ? UNREADABLE : `cannot be used: ${message}`;
  }
}
