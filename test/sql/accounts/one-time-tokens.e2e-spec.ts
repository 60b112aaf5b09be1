import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { OneTimeTokenInvalidError, OneTimeTokens } from 'postern/accounts';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { UsersService } from 'postern/users';

const PURPOSE = 'open-the-door';

describe('one-time tokens', () => {
  let database: TestDatabase;
  let apps: TestApplication[];
  let tokens: OneTimeTokens;
  let userId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'http://localhost:3000',
          secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-token',
          databaseUrl: database.url,
          clock: ManualClock,
        }),
      ],
    })
    class ReplicaModule {}
    apps = [await startTestApplication(ReplicaModule), await startTestApplication(ReplicaModule)];
    tokens = apps[0]!.nest.get(OneTimeTokens);
    userId = (await apps[0]!.nest.get(UsersService).create({ email: 'ada@example.com' })).id;
  });
  afterAll(async () => {
    for (const app of apps ?? []) await app.close();
    await database?.drop();
  });

  const issue = (changed: object = {}) =>
    tokens.issue({ purpose: PURPOSE, userId, email: 'ada@example.com', lifetimeSeconds: 60, ...changed });
  const invalid = OneTimeTokenInvalidError;

  it('P2: of 50 parallel uses at two servers, exactly one succeeds, and only the hash is stored', async () => {
    const token = await issue({ payload: { door: 7 } });
    expect(token).toMatch(/^[\w-]{43}$/);
    const stored = await apps[0]!.nest.get(Database).manager.query('SELECT t::text AS row FROM one_time_tokens t');
    expect(JSON.stringify(stored)).not.toContain(token);
    const uses = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => {
        const replica = apps[n % 2]!.nest;
        return replica.get(Database).transaction(() => replica.get(OneTimeTokens).spend(token, PURPOSE));
      }),
    );
    const spent = uses.filter(({ status }) => status === 'fulfilled');
    expect(spent).toMatchObject([{ value: { userId, email: 'ada@example.com', payload: { door: 7 } } }]);
    for (const use of uses) if (use.status === 'rejected') expect(use.reason).toBeInstanceOf(invalid);
  });

  it('P2: a token is replaced by a newer one of its purpose and holder, and survives a rollback', async () => {
    const [older, other, newer] = [await issue(), await issue({ purpose: 'other' }), await issue()];
    await expect(tokens.spend(older, PURPOSE)).rejects.toThrow(invalid);
    await expect(tokens.spend(newer, 'other')).rejects.toThrow(invalid);
    const failure = new Error('the flow failed');
    const failing = apps[0]!.nest.get(Database).transaction(async () => {
      await tokens.spend(newer, PURPOSE);
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await tokens.find(newer, PURPOSE)).toMatchObject({ userId });
    expect(await tokens.spend(newer, PURPOSE)).toMatchObject({ userId, payload: null });
    expect(await tokens.revoke({ userId }, [PURPOSE, 'other'])).toBe(1);
    await expect(tokens.spend(other, 'other')).rejects.toThrow(invalid);
  });

  it('a token without a user is bound to its address, and is revoked by it', async () => {
    const [ada, bob] = [await issue({ userId: null }), await issue({ userId: null, email: 'bob@example.com' })];
    expect(await tokens.revoke({ email: 'bob@example.com' }, [PURPOSE])).toBe(1);
    await expect(tokens.spend(bob, PURPOSE)).rejects.toThrow(invalid);
    expect(await tokens.spend(ada, PURPOSE)).toMatchObject({ userId: null, email: 'ada@example.com' });
  });

  it('P3: a malformed or expired token is rejected', async () => {
    for (const token of ['', 'undefined', null, undefined, [], 0, {}, 'A'.repeat(42), `${'A'.repeat(42)}B`]) {
      await expect(tokens.spend(token as string, PURPOSE)).rejects.toThrow(invalid);
      await expect(tokens.find(token as string, PURPOSE)).rejects.toThrow(invalid);
    }
    const token = await issue();
    apps[0]!.nest.get<ManualClock>(Clock).advance(60);
    await expect(tokens.find(token, PURPOSE)).rejects.toThrow(invalid);
    await expect(tokens.spend(token, PURPOSE)).rejects.toThrow(invalid);
  });
});
