import assert from 'node:assert/strict';
import type { Database } from 'postern/persistence';
import type { UserSessions } from 'postern/users';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const UNKNOWN_USER = '01938f2e-6a1c-7d3a-9c55-000000000000';

/** The object under test and two users with sessions. */
export interface UserSessionsCase {
  readonly sessions: UserSessions;
  /** The database of the application. */
  readonly database: Database;
  /** The UUIDs of two users, each with at least one session. */
  readonly userIds: readonly [string, string];
  /** Returns the number of sessions of a user that can still be refreshed. */
  readonly alive: (userId: string) => number | Promise<number>;
}

/** Tests the promises of `UserSessions`. */
export function userSessionsSpec(make: Made<UserSessionsCase>): void {
  specification('UserSessions', {
    'endAllOf() ends every session of the user and none of another user': async () => {
      const { sessions, database, userIds, alive } = await make();
      const [user, other] = userIds;
      assert.ok((await alive(user)) > 0, 'the first user must have a session');
      const ofOther = await alive(other);
      assert.ok(ofOther > 0, 'the second user must have a session');
      await database.transaction(() => sessions.endAllOf(user, 'specification'));
      assert.equal(await alive(user), 0);
      assert.equal(await alive(other), ofOther);
    },
    'endAllOf() ends no session if the transaction is rolled back': async () => {
      const { sessions, database, userIds, alive } = await make();
      const [user] = userIds;
      const before = await alive(user);
      const failure = new Error('specification');
      const work = async (): Promise<void> => {
        await sessions.endAllOf(user, 'specification');
        throw failure;
      };
      await assert.rejects(database.transaction(work), { message: failure.message });
      assert.equal(await alive(user), before);
    },
    'endAllOf() resolves if the user has no sessions or does not exist': async () => {
      const { sessions, database, userIds, alive } = await make();
      for (const userId of [userIds[0], userIds[0], UNKNOWN_USER]) {
        await database.transaction(() => sessions.endAllOf(userId, 'specification'));
        assert.equal(await alive(userId), 0);
      }
    },
  });
}
