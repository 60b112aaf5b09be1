import pg from 'pg';

/**
 * A password with an unescaped `/`, `?` or `#` ends the host: what stands before the sign is then taken for a port,
 * and where it looks like one, nothing else would show that the address leads elsewhere.
 */
const TORN = /#|^\w+:\/\/[^/?]*(?:\/[^?]*|\?[^=]*)@/;

const UNREADABLE =
  'cannot be read as the address of a PostgreSQL: write postgres://user:password@host:5432/database, with a port of 65535 at ' +
  'most, and percent-encode every special character of user and password, such as %2F for / and %23 for #.';

/**
 * Says what is wrong with the address of a PostgreSQL, as the driver reads it: a predicate whose subject is the name
 * of the setting, with nothing in it of the password. Undefined where nothing is wrong.
 */
export function databaseUrlProblem(databaseUrl: string): string | undefined {
  if (TORN.test(databaseUrl)) return UNREADABLE;
  try {
    // Connects to nothing. It reads the files that the address names: those of certificates.
    const { port } = new pg.Client({ connectionString: databaseUrl });
    return port >= 1 && port <= 65_535 ? undefined : UNREADABLE;
  } catch (error) {
    const { message, name, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) return `names a file that cannot be read: ${message}.`;
    return ['TypeError', 'URIError'].includes(name) ? UNREADABLE : `cannot be used: ${message}`;
  }
}
