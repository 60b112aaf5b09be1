import pg from 'pg';

/**
 * An unescaped `/`, `?` or `#` in a password ends the host: the parser reads the text before it as a port. If that
 * text is a valid port, only this pattern detects the mistake.
 */
const UNESCAPED = /#|^\w+:\/\/[^/?]*(?:\/[^?]*|\?[^=]*)@/;

const UNREADABLE =
  'cannot be read as the address of a PostgreSQL: write postgres://user:password@host:5432/database, with a port of 65535 at ' +
  'most, and percent-encode every special character of user and password, such as %2F for / and %23 for #.';

/**
 * The problem with a database URL, as the driver reads it: a predicate that follows the name of the setting, without
 * the password. Undefined if the URL is valid.
 */
export function databaseUrlProblem(databaseUrl: string): string | undefined {
  if (UNESCAPED.test(databaseUrl)) return UNREADABLE;
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
