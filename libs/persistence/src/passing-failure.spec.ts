import { QueryFailedError } from 'typeorm';
import { connectionLost, isPassing, marked } from './passing-failure.js';

const coded = (code: string, message = 'a message') => Object.assign(new Error(message), { code });

describe('a failure of the database', () => {
  it.each([
    coded('ECONNREFUSED'),
    coded('ECONNRESET'),
    coded('ENOENT', 'connect ENOENT /run/postgresql/.s.PGSQL.5432'),
    coded('53300', 'sorry, too many clients already'),
    coded('25006', 'cannot execute INSERT in a read-only transaction'),
    coded('57P01', 'terminating connection due to administrator command'),
    coded('57P03', 'the database system is starting up'),
    coded('57014', 'canceling statement due to statement timeout'),
    coded('55P03', 'canceling statement due to lock timeout'),
    new Error('Query read timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('Client was closed and is not queryable'),
    connectionLost(new Error('the runner was released')),
  ])('passes: %s', (error) => expect(isPassing(error)).toBe(true));

  it.each([
    coded('23505', 'duplicate key value violates unique constraint "timeout"'),
    coded('42703', 'column "Query read timeout" does not exist'),
    coded('42601', 'syntax error at or near "terminated"'),
    coded('28P01', 'password authentication failed for user "postern"'),
    coded('3D000', 'database "Connection terminated" does not exist'),
    coded('40P01', 'deadlock detected'),
    coded('25P02', 'current transaction is aborted'),
    new TypeError('x is not a function'),
    'Connection terminated',
    undefined,
  ])('does not pass: %s', (error) => expect(isPassing(error)).toBe(false));

  it('that passes says so also when TypeORM has wrapped it, and no other one does', () => {
    const wrapped = (error: Error) => new QueryFailedError('SELECT 1', [], marked(error));
    expect(wrapped(coded('57P01'))).toMatchObject({ isPassing: true });
    expect(wrapped(coded('23505'))).not.toHaveProperty('isPassing');
  });
});
