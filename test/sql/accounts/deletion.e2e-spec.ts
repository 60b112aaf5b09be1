import { Injectable, Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { PersonalData } from 'postern/accounts';
import { Clock } from 'postern/auth';
import { Mailer } from 'postern/mail';
import type { MailMessage } from 'postern/mail';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, UserRolesService } from 'postern/roles';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { DueDeletions, UserDeletion, UsersService } from 'postern/users';
import { until } from '../../support/until.js';

const PASSWORD = 'seven small boats at noon';
const DAY_SECONDS = 86_400;

const sent: MailMessage[] = [];

@Injectable()
class MemoryMailer extends Mailer {
  async send(message: MailMessage): Promise<void> {
    sent.push(message);
  }
}

/** A part of the export that a team adds. It fails for one user. */
@Injectable()
class Orders extends PersonalData {
  readonly name = 'orders';

  async *dataOf({ email }: { email: string }): AsyncIterable<unknown> {
    yield { number: 1, note: 'a "quoted" note' };
    if (email.startsWith('broken')) throw new Error('the database of the orders is down');
    yield { number: 2, note: undefined };
  }
}

@Module({ providers: [Orders] })
class OrdersModule {}

let serial = 0;
const emailOf = (name: string) => `${name}-${(serial += 1)}@example.com`;
const mailsTo = (email: string) =>
  sent.filter(({ kind, to }) => to === email && kind !== 'verify-email').map(({ kind }) => kind);

describe('the end of an account', () => {
  let database: TestDatabase;
  let apps: TestApplication[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = () =>
      startTestApplication(
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
          clock: ManualClock,
          mailer: MemoryMailer,
          mail: { pollSeconds: 0.1 },
          password: { argon2: { memoryKiB: 1024, iterations: 1 } },
          imports: [OrdersModule],
        }),
      );
    apps = [await start(), await start()];
  });
  afterAll(async () => {
    for (const app of apps ?? []) await app.close();
    await database?.drop();
  });

  async function somebody(name = 'ada') {
    const [app] = apps as [TestApplication];
    const email = emailOf(name);
    const { body } = await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    return { id: body.id as string, email, ...(await logIn(email)) };
  }

  async function logIn(email: string) {
    const { status, body } = await apps[0]!.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
    return { status, token: body.access_token as string, refreshToken: body.refresh_token as string };
  }

  const deleteMe = (token: string, body: object = { password: PASSWORD }) =>
    apps[0]!.call('DELETE', '/users/me', { token, body });
  const pass = (seconds: number) => {
    for (const app of apps) app.nest.get<ManualClock>(Clock).advance(seconds);
  };
  const now = () => apps[0]!.nest.get<ManualClock>(Clock).now();
  const users = () => apps[0]!.nest.get(UsersService);

  async function administrator() {
    const user = await somebody('boss');
    await apps[0]!.nest.get(UserRolesService).grant(user.id, ADMINISTRATOR);
    return { ...user, ...(await logIn(user.email)) };
  }

  async function administratorsExcept(...ids: string[]): Promise<string[]> {
    const rows = await apps[0]!.nest
      .get(Database)
      .manager.query<{ id: string }[]>('SELECT user_id AS id FROM user_roles WHERE role = $1', [ADMINISTRATOR]);
    return rows.map(({ id }) => id).filter((id) => !ids.includes(id));
  }

  const sweep = () => Promise.all(apps.map((app) => app.nest.get(DueDeletions).sweep()));

  it('a deletion ends all sessions at once, and the user is deleted after the grace period', async () => {
    const user = await somebody();
    const other = await logIn(user.email);
    const boss = await administrator();
    expect((await deleteMe(user.token)).status).toBe(204);
    for (const { token, refreshToken } of [user, other]) {
      for (const app of apps) {
        await until(async () => (await app.call('GET', '/users/me', { token })).status === 401);
        expect((await app.call('GET', '/users/me/export', { token })).status).toBe(401);
      }
      const refreshed = await apps[1]!.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
      expect(refreshed.status).toBe(401);
    }
    const { body } = await apps[1]!.call('GET', `/users/${user.id}`, { token: boss.token });
    const days = (Date.parse(body.deletionAt as string) - now()) / 1000 / DAY_SECONDS;
    expect(days).toBeCloseTo(30, 3);
    await until(() => mailsTo(user.email).includes('deletion-requested'));

    pass(30 * DAY_SECONDS - 60);
    expect(await sweep()).toEqual([0, 0]);
    expect(await users().findById(user.id)).not.toBeNull();
    pass(61);
    const counts = await sweep();
    expect(counts.toSorted()).toEqual([0, 1]);
    expect(await users().findById(user.id)).toBeNull();
    expect(mailsTo(user.email)).toEqual(['deletion-requested']);
    const again = await apps[0]!.call('POST', '/auth/register', { body: { email: user.email, password: PASSWORD } });
    expect(again.status).toBe(201);
  });

  it('a login in the grace period cancels the deletion, in parallel with other logins and with the clean-up', async () => {
    const user = await somebody();
    await deleteMe(user.token);
    pass(30 * DAY_SECONDS + 1);
    const [first, second] = await Promise.all([logIn(user.email), logIn(user.email), sweep()]);
    const isAlive = (await users().findById(user.id)) !== null;
    // The login or the clean-up was first. There is no third state.
    expect([first.status, second.status]).toEqual(isAlive ? [200, 200] : [401, 401]);

    const next = await somebody();
    await deleteMe(next.token);
    expect(
      (await apps[0]!.call('POST', '/auth/login', { body: { email: next.email, password: 'wrong' } })).status,
    ).toBe(401);
    pass(2);
    const back = await logIn(next.email);
    expect((await apps[1]!.call('GET', '/users/me', { token: back.token })).status).toBe(200);
    expect((await users().findById(next.id))!.deletionAt).toBeNull();
    await until(() => mailsTo(next.email).length === 2);
    expect(mailsTo(next.email)).toEqual(['deletion-requested', 'deletion-cancelled']);
    pass(31 * DAY_SECONDS);
    await sweep();
    expect(await users().findById(next.id)).not.toBeNull();
  });

  it('a login right after the request gets tokens that are valid', async () => {
    const user = await somebody();
    await deleteMe(user.token);
    setTimeout(() => pass(1), 100);
    const { status, token } = await logIn(user.email);
    expect([status, (await apps[0]!.call('GET', '/users/me', { token })).status]).toEqual([200, 200]);
  });

  it('a disabled user cannot cancel the deletion by a login', async () => {
    const user = await somebody();
    await deleteMe(user.token);
    await users().disable(user.id);
    expect((await logIn(user.email)).status).toBe(401);
    pass(31 * DAY_SECONDS);
    await sweep();
    expect(await users().findById(user.id)).toBeNull();
  });

  it('the last administrator cannot request the deletion, also if another administrator has requested it', async () => {
    const [boss, deputy] = [await administrator(), await administrator()];
    const rest = await administratorsExcept(boss.id, deputy.id);
    expect((await deleteMe(deputy.token)).status).toBe(204);
    for (const id of rest) await users().remove(id);
    const { status, body } = await deleteMe(boss.token);
    expect([status, body.code]).toEqual([409, 'last-administrator']);
    expect((await apps[0]!.call('GET', '/users/me', { token: boss.token })).status).toBe(200);
    pass(31 * DAY_SECONDS);
    await sweep();
    expect(await users().findById(deputy.id)).toBeNull();
  });

  it('a user that other data refers to stays, and does not stop the deletion of the others', async () => {
    const [held, free] = [await somebody('held'), await somebody()];
    const sql = (text: string, values: unknown[] = []) => apps[0]!.nest.get(Database).manager.query(text, values);
    await sql('CREATE TABLE invoices (user_id uuid NOT NULL REFERENCES users)');
    await sql('INSERT INTO invoices VALUES ($1)', [held.id]);
    for (const { token } of [held, free]) expect((await deleteMe(token)).status).toBe(204);
    pass(31 * DAY_SECONDS);
    await sweep();
    expect(await users().findById(free.id)).toBeNull();
    expect(await users().findById(held.id)).not.toBeNull();
    await sql('DROP TABLE invoices');
    await sweep();
    expect(await users().findById(held.id)).toBeNull();
  });

  it('a user without a password needs a recent login, and a wrong password is never accepted', async () => {
    const user = await somebody();
    expect((await deleteMe(user.token, {})).body.code).toBe('identity-not-confirmed');
    await apps[0]!.nest.get(Database).manager.query('DELETE FROM password_credentials WHERE user_id = $1', [user.id]);
    expect((await deleteMe(user.token)).body.code).toBe('identity-not-confirmed');
    pass(301);
    const late = await deleteMe(user.token, {});
    expect([late.status, late.body.code]).toEqual([403, 'recent-login-required']);
    pass(-200);
    expect((await deleteMe(user.token, {})).status).toBe(204);
    pass(200);
  });

  it('requests in parallel schedule one deletion and send one mail', async () => {
    const user = await somebody();
    const deletion = apps.map((app) => app.nest.get(UserDeletion));
    await Promise.all([...deletion, ...deletion].map((service) => service.request(user.id)));
    await until(() => mailsTo(user.email).length > 0);
    expect(mailsTo(user.email)).toEqual(['deletion-requested']);
  });

  describe('GET /users/me/export', () => {
    it('the export has the account, the sessions, the roles, and the part of a team, and no secret', async () => {
      const user = await somebody();
      const answer = await apps[0]!.call('GET', '/users/me/export', { token: user.token });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const { account, sessions, roles, orders, ...rest } = answer.body;
      expect(Object.keys(rest)).toEqual(['exportedAt']);
      const { body: me } = await apps[0]!.call('GET', '/users/me', { token: user.token });
      expect([account, roles]).toEqual([me, []]);
      expect(orders).toEqual([{ number: 1, note: 'a "quoted" note' }, { number: 2 }]);
      expect(sessions).toEqual([expect.objectContaining({ amr: ['pwd'], endedAt: null })]);
      const text = JSON.stringify(answer.body);
      for (const secret of ['seed', 'generation', 'hash', 'argon2', 'tag', user.refreshToken]) {
        expect(text).not.toContain(secret);
      }
    });

    it('a client of an export that fails does not take a part of the data for all of it', async () => {
      const user = await somebody('broken');
      await expect(apps[0]!.call('GET', '/users/me/export', { token: user.token })).rejects.toThrow();
    });
  });
});
