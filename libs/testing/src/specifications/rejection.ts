import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { AuthError } from 'postern/problem';

/** Asserts that the act throws an `AuthError` with a status from 400 to 499. */
export async function assertRejected(act: () => unknown, what: string): Promise<void> {
  let thrown: unknown;
  try {
    await act();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown !== undefined, `${what} was accepted`);
  assert.ok(thrown instanceof AuthError, `${what} threw ${inspect(thrown)}, which is not an AuthError`);
  assert.ok(thrown.status >= 400 && thrown.status < 500, `${what} was rejected with status ${thrown.status}`);
  assert.match(thrown.code, /^[a-z]+(-[a-z0-9]+)*$/, 'a code is kebab-case');
  assert.ok(thrown.title.length > 0, 'an error has a title');
}
