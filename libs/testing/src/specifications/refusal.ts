import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { AuthError } from 'postern/problem';

/** Asserts that the act is refused with an error that a caller may read, and not with a failure of the server. */
export async function assertRefused(act: () => unknown, what: string): Promise<void> {
  let thrown: unknown;
  try {
    await act();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown !== undefined, `${what} was let through`);
  assert.ok(thrown instanceof AuthError, `${what} was answered with ${inspect(thrown)}, which is no AuthError`);
  assert.ok(thrown.status >= 400 && thrown.status < 500, `${what} was refused with status ${thrown.status}`);
  assert.match(thrown.code, /^[a-z]+(-[a-z0-9]+)*$/, 'a code is kebab-case');
  assert.ok(thrown.title.length > 0, 'an error has a title');
}
