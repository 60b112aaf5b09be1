/**
 * SQL for a condition that holds at a primary. A standby may be behind by any time, and answers all the same: it
 * refuses the statement with read_only_sql_transaction (25006), so that its connection is ended, and the next one may
 * lead to the primary. Asked once a statement, whatever rows there are.
 *
 * @example
 * ```ts
 * await database.manager.query(`SELECT kid FROM signing_keys WHERE ${ON_PRIMARY}`);
 * ```
 */
export const ON_PRIMARY = '(SELECT CASE WHEN pg_is_in_recovery() THEN pg_current_xact_id() IS NULL ELSE true END)';
