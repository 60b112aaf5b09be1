import { QueryFailedError } from 'typeorm';
import { connectionLost, databaseClosed, isConnectionLimit, isTransient, markTransient } from './transient-errors.js';

const coded = (code: string, message = 'a message') => Object.assign(new Error(message), { code });
/** An error of PgBouncer, which always has the code protocol_violation. */
const pooled = (message: string) => coded('08P01', message);

describe('isTransient', () => {
  it.each([
    coded('ECONNREFUSED'),
    coded('ECONNRESET'),
    coded('ENOENT', 'connect ENOENT /run/postgresql/.s.PGSQL.5432'),
    Object.assign(coded('ENOENT', 'connect ENOENT /run/postgresql/.s.PGSQL.5432'), { syscall: 'connect' }),
    coded('53300', 'sorry, too many clients already'),
    coded('25006', 'cannot execute INSERT in a read-only transaction'),
    coded('57P01', 'terminating connection due to administrator command'),
    coded('57P03', 'the database system is starting up'),
    coded('57014', 'canceling statement due to statement timeout'),
    coded('55P03', 'canceling statement due to lock timeout'),
    coded('40P01', 'deadlock detected'),
    coded('40001', 'could not serialize access due to concurrent update'),
    new Error('Query read timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('Client was closed and is not queryable'),
    connectionLost(new Error('the runner was released')),
    databaseClosed(),
    pooled('server login has been failing, try again later (server_login_retry)'),
    pooled('server login has been failing, cached error: connect failed (server_login_retry)'),
    pooled('pgbouncer cannot connect to server'),
    pooled('server conn crashed?'),
    pooled('client_login_timeout'),
    pooled('client_login_timeout (server down)'),
    pooled('query_wait_timeout'),
    pooled('query_timeout'),
    pooled('query timeout'),
    pooled('idle transaction timeout'),
    pooled('transaction timeout'),
    pooled('client_idle_timeout'),
    pooled('suspend_timeout'),
    pooled('no more connections allowed (max_client_conn)'),
    pooled('client connections exceeded (max_db_client_connections)'),
    pooled('client connections exceeded (max_user_client_connections)'),
    pooled('bouncer resources exhaustion'),
    pooled('server shutting down'),
    pooled('pooler is shutting down'),
    pooled('admin forced disconnect'),
    pooled('database removed'),
    pooled('database "postern" is disabled'),
  ])('isTransient is true for: %s', (error) => expect(isTransient(error)).toBe(true));

  it.each([
    Object.assign(coded('ENOENT', "ENOENT: no such file or directory, open '/run/ca.pem'"), { syscall: 'open' }),
    coded('23505', 'duplicate key value violates unique constraint "timeout"'),
    coded('42703', 'column "Query read timeout" does not exist'),
    coded('42601', 'syntax error at or near "terminated"'),
    coded('28P01', 'password authentication failed for user "postern"'),
    coded('3D000', 'database "Connection terminated" does not exist'),
    coded('25P02', 'current transaction is aborted'),
    // Errors of PostgreSQL, and errors of PgBouncer that a retry cannot solve.
    coded('08P01', 'invalid message format'),
    coded('08P01', 'bind message supplies 1 parameters, but prepared statement "" requires 2'),
    pooled('unsupported startup parameter: statement_timeout'),
    pooled('no such database: query_timeout'),
    pooled('password authentication failed'),
    pooled('bouncer config error'),
    coded('42703', 'query_wait_timeout'),
    new TypeError('x is not a function'),
    'Connection terminated',
    undefined,
  ])('isTransient is false for: %s', (error) => expect(isTransient(error)).toBe(false));

  it('markTransient sets isTransient, also on the error of TypeORM, and only for a transient error', () => {
    const wrapped = (error: Error) => new QueryFailedError('SELECT 1', [], markTransient(error));
    expect(wrapped(coded('57P01'))).toMatchObject({ isTransient: true });
    expect(wrapped(coded('23505'))).not.toHaveProperty('isTransient');
  });
});

describe('isConnectionLimit', () => {
  it.each([
    coded('53300', 'too many connections for role "postern"'),
    coded('53300', 'too many connections for database "postern"'),
    coded('53300', 'sorry, too many clients already'),
    coded('53300', 'remaining connection slots are reserved for roles with the SUPERUSER attribute'),
    pooled('no more connections allowed (max_client_conn)'),
    pooled('client connections exceeded (max_db_client_connections)'),
    pooled('client connections exceeded (max_user_client_connections)'),
    pooled('bouncer resources exhaustion'),
  ])('isConnectionLimit is true for: %s', (error) => expect(isConnectionLimit(error)).toBe(true));

  it.each([
    coded('ECONNREFUSED'),
    coded('28P01', 'password authentication failed for user "too many connections"'),
    pooled('server login has been failing, try again later (server_login_retry)'),
    pooled('invalid message: no more connections allowed'),
  ])('isConnectionLimit is false for: %s', (error) => expect(isConnectionLimit(error)).toBe(false));
});
