import assert from 'node:assert/strict';
import type { Database } from 'postern/persistence';
import type { UserSessions } from 'postern/users';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const NOBODY = '01938f2e-6a1c-7d3a-9c55-000000000000';

/** What is tested, and two users who are signed in. */
export interface UserSessionsCase {
  readonly sessions: UserSessions;
  /** Of the application that the sessions are in. */
  readonly database: Database;
  /** UUIDs of two users, each with at least one session. */
  readonly userIds: readonly [string, string];
  /** How many sessions of a user are alive, as whoever presents one finds out. */
  readonly alive: (userId: string) => number | Promise<number>;
}

/** What every `UserSessions` promises. */
export function userSessionsSpec(make: Made<UserSessionsCase>): void {
  specification('UserSessions', {
    'ends every session of the user, and none of somebody else': async () => {
      const { sessions, database, userIds, alive } = await make();
      const [user, other] = userIds;
      assert.ok((await alive(user)) > 0, 'a session of the first user is alive at the start');
      const ofOther = await alive(other);
      assert.ok(ofOther > 0, 'a session of the second user is alive at the start');
      await database.transaction(() => sessions.endAllOf(user, 'specification'));
      assert.equal(await alive(user), 0);
      assert.equal(await alive(other), ofOther);
    },
    'ends none where the transaction is rolled back': async () => {
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
    'is content where there is nothing left to end, and nobody whose it could be': async () => {
      const { sessions, database, userIds, alive } = await make();
      for (const userId of [userIds[0], userIds[0], NOBODY]) {
        await database.transaction(() => sessions.endAllOf(userId, 'specification'));
        assert.equal(await alive(userId), 0);
      }
    },
  });
}
