/**
 * SQL condition that is true on a primary and fails on a standby, whose data may be outdated. A standby reports
 * read_only_sql_transaction (25006). The connection is then closed, and the next one may reach the primary. PostgreSQL
 * evaluates the condition once per statement.
 *
 * @example
 * ```ts
 * await database.manager.query(`SELECT kid FROM signing_keys WHERE ${ON_PRIMARY}`);
 * ```
 */
export const ON_PRIMARY = '(SELECT CASE WHEN pg_is_in_recovery() THEN pg_current_xact_id() IS NULL ELSE true END)';
