import { Injectable, Module } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { PosternModule } from 'postern';
import { PasswordAttackSuspected } from 'postern/limits';
import { PasswordHasher, PasswordLogin } from 'postern/password';
import { Database } from 'postern/persistence';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestAnswer, TestApplication, TestDatabase } from 'postern/testing';
import { until } from '../../support/until.js';

const PASSWORD = 'seven small boats at noon';
const WRONG = 'eight large ships at dusk';
/** The default of `accountNetwork`. */
const POINTS = 10;
/** The default of `account`. */
const ACCOUNT_POINTS = 100;
/** The default of `failures`. */
const FAILURE_POINTS = 1000;

/** Compares texts, so that thousands of guesses take seconds. It counts the guesses that are evaluated. */
@Injectable()
class CountingHasher extends PasswordHasher {
  static verified = 0;
  async hash(password: string): Promise<string> {
    return `plain:${password}`;
  }
  async verify(stored: string, password: string): Promise<boolean> {
    CountingHasher.verified += 1;
    return stored === `plain:${password}`;
  }
  needsRehash(): boolean {
    return false;
  }
}

@Injectable()
class Alarms {
  readonly events: PasswordAttackSuspected[] = [];

  @OnEvent(PasswordAttackSuspected.type)
  note(event: PasswordAttackSuspected): void {
    this.events.push(event);
  }
}

interface Login {
  readonly email: string;
  readonly password?: string;
  readonly address?: string;
  readonly headers?: Record<string, string>;
}

describe('guesses of passwords', () => {
  let database: TestDatabase;
  /** Two replicas of one application. */
  let one: TestApplication;
  let other: TestApplication;
  let people = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = () => {
      const module = PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        hasher: CountingHasher,
        // The points of the defaults. A day long, no limit refills during the test.
        limits: {
          accountNetwork: { points: POINTS, seconds: 86_400 },
          account: { points: ACCOUNT_POINTS, seconds: 86_400 },
          device: { points: POINTS, seconds: 86_400 },
          confirmation: { points: POINTS, seconds: 86_400 },
          token: { points: 20, seconds: 86_400 },
        },
      });
      @Module({ imports: [module], providers: [Alarms] })
      class ReplicaModule {}
      return startTestApplication(ReplicaModule, { http: { trustProxy: 'loopback' } });
    };
    one = await start();
    other = await start();
  });
  afterAll(async () => {
    await Promise.all([one?.close(), other?.close()]);
    await database?.drop();
  });
  beforeEach(async () => {
    await one.nest.get(Database).manager.query('DELETE FROM limit_states');
    CountingHasher.verified = 0;
  });

  function logIn({ email, password = WRONG, address = '192.0.2.1', headers = {} }: Login, app = one) {
    return app.call('POST', '/auth/login', {
      body: { email, password },
      headers: { 'x-forwarded-for': address, ...headers },
    });
  }

  async function person(): Promise<string> {
    const email = `person${(people += 1)}@example.com`;
    const { status } = await one.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    expect(status).toBe(201);
    return email;
  }

  const statuses = (answers: readonly TestAnswer<unknown>[]) =>
    [200, 401, 429].map((status) => answers.filter((answer) => answer.status === status).length);

  async function guess(count: number, loginOf: (index: number) => Login): Promise<TestAnswer<unknown>[]> {
    return Promise.all(
      Array.from({ length: count }, (_, index) => logIn(loginOf(index), index % 2 === 0 ? one : other)),
    );
  }

  it('B1: of ten times as many parallel guesses as points, two replicas evaluate exactly the points', async () => {
    const email = await person();
    const answers = await guess(10 * POINTS, (index) => ({ email, password: index < 50 ? WRONG : PASSWORD }));
    // A right password among the first guesses returns its point, so that another guess may follow.
    const [right, wrong, rejected] = statuses(answers);
    expect(right! + wrong! + rejected!).toBe(10 * POINTS);
    expect(wrong).toBeLessThanOrEqual(POINTS);
    const victim = await person();
    CountingHasher.verified = 0;
    expect(statuses(await guess(10 * POINTS, () => ({ email: victim })))).toEqual([0, POINTS, 9 * POINTS]);
    expect(CountingHasher.verified).toBe(POINTS);
    // The limit does not look at the password.
    expect((await logIn({ email: victim, password: PASSWORD })).status).toBe(429);
  });

  it('B2: the addresses of an IPv6 /64 and each spelling of an IPv4 address are one network', async () => {
    const email = await person();
    const spellings = ['2001:db8:1:2::1', '2001:DB8:1:2::ffff', '2001:0db8:0001:0002:0:0:0:7', '[2001:db8:1:2::9]:443'];
    for (let index = 0; index < POINTS; index += 1) {
      expect((await logIn({ email, address: spellings[index % 4]! })).status).toBe(401);
    }
    expect((await logIn({ email, address: '2001:db8:1:2:aaaa::' })).status).toBe(429);
    expect((await logIn({ email, address: '2001:db8:1:3::1' })).status).toBe(401);
    for (let index = 0; index < POINTS; index += 1) {
      await logIn({ email, address: index % 2 === 0 ? '198.51.100.7' : '::ffff:198.51.100.7' });
    }
    expect((await logIn({ email, address: '::FFFF:c633:6407' })).status).toBe(429);
    // The proxy appends the address of the client; everything before it is the text of the client.
    expect((await logIn({ email, address: '203.0.113.200, 198.51.100.7' })).status).toBe(429);
  });

  it('B4: 10,000 failures from elsewhere do not shut out an owner with a known device', async () => {
    const email = await person();
    const first = await logIn({ email, password: PASSWORD });
    const cookie = first.headers.get('set-cookie')!;
    const device = first.headers.get('postern-device')!;
    expect(cookie).toMatch(
      /^__Host-postern-device=pdv_[\w-]{71}; Path=\/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax$/,
    );
    CountingHasher.verified = 0;
    const logins = one.nest.get(PasswordLogin);
    for (let round = 0; round < 100; round += 1) {
      const guesses = Array.from({ length: 100 }, (_, index) =>
        logins.login(email, WRONG, { amr: [], ipAddress: `198.51.${round}.${index}` }).catch(() => undefined),
      );
      await Promise.all(guesses);
    }
    expect(CountingHasher.verified).toBeLessThanOrEqual(ACCOUNT_POINTS + 1);
    expect((await logIn({ email, password: PASSWORD })).status).toBe(429);
    expect((await logIn({ email, password: PASSWORD, headers: { cookie: cookie.split(';')[0]! } })).status).toBe(200);
    expect((await logIn({ email, password: PASSWORD, headers: { 'postern-device': device } })).status).toBe(200);
    // The device of another account, a changed token, and the wrong passwords of the device itself.
    const stranger = await person();
    const foreign = (await logIn({ email: stranger, password: PASSWORD, address: '192.0.2.9' })).headers;
    for (const token of [
      foreign.get('postern-device')!,
      device.replace(/.$/, (end) => (end === 'A' ? 'E' : 'A')),
      'pdv_',
    ]) {
      expect((await logIn({ email, password: PASSWORD, headers: { 'postern-device': token } })).status).toBe(429);
    }
    const answers = await guess(2 * POINTS, () => ({ email, headers: { 'postern-device': device } }));
    expect(statuses(answers)).toEqual([0, POINTS, POINTS]);
  });

  it('E3: a rejected guess has the same status, headers, and body for a known and an unknown account', async () => {
    const email = await person();
    const unknown = email.replace('person', 'nobody');
    const shown = async (login: Login) => {
      const { status, headers, body } = await logIn(login);
      const { date: _, 'x-request-id': __, ...others } = Object.fromEntries(headers);
      // The seconds pass between two requests.
      const masked = Object.entries(others).map(([name, value]) => [name, value.replace(/\b(?<=^|t=)86\d{2}$/, 'N')]);
      return { status, headers: Object.fromEntries(masked) as object, body: { ...body, instance: '' } };
    };
    for (let index = 0; index < POINTS; index += 1) {
      const [known, stranger] = [
        await shown({ email, address: '192.0.2.5' }),
        await shown({ email: unknown, address: '192.0.2.6' }),
      ];
      expect(known).toEqual(stranger);
    }
    const [known, stranger] = [
      await shown({ email, address: '192.0.2.5' }),
      await shown({ email: unknown, address: '192.0.2.6' }),
    ];
    expect(known).toEqual(stranger);
    expect(known.status).toBe(429);
    expect(known.headers).toMatchObject({
      'ratelimit-policy': '"account-network";q=10;w=86400',
      ratelimit: '"account-network";r=0;t=N',
    });
    expect(known.body).toMatchObject({ code: 'too-many-requests', title: 'Too many attempts. Try again later.' });
  });

  it('a successful login returns its points, also if a crowd of one network logs in at once', async () => {
    const email = await person();
    for (let round = 0; round < 3; round += 1) {
      expect(statuses(await guess(8, () => ({ email, password: PASSWORD })))).toEqual([8, 0, 0]);
    }
  });

  it('a stolen session evaluates no more current passwords than the limit', async () => {
    const email = await person();
    const { body } = await logIn({ email, password: PASSWORD });
    const token = String(body['access_token']);
    CountingHasher.verified = 0;
    const answers = await Promise.all(
      Array.from({ length: 4 * POINTS }, (_, index) =>
        index % 2 === 0
          ? one.call('DELETE', '/users/me', { token, body: { password: WRONG } })
          : other.call('POST', '/auth/password/change', {
              token,
              body: { currentPassword: WRONG, newPassword: 'nine grey herons by the weir' },
            }),
      ),
    );
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(POINTS);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3 * POINTS);
    expect(CountingHasher.verified).toBe(POINTS);
  });

  it('invalid refresh tokens are limited by network, and valid ones of other networks are not', async () => {
    const email = await person();
    const { body } = await logIn({ email, password: PASSWORD });
    const refresh = (token: unknown, address: string) =>
      one.call('POST', '/auth/refresh', { body: { refresh_token: token }, headers: { 'x-forwarded-for': address } });
    for (let index = 0; index < 20; index += 1) expect((await refresh('prt_x', '192.0.2.50')).status).toBe(401);
    // The response does not wait for the counter.
    await until(async () => (await refresh('prt_x', '192.0.2.50')).status === 429);
    expect((await refresh(body['refresh_token'], '192.0.2.51')).status).toBe(200);
  });

  // The last test, because the attack lasts a minute.
  it('B5: 10,000 accounts with one guess each from 1,000 addresses are slowed, and others log in', async () => {
    const email = await person();
    const logins = one.nest.get(PasswordLogin);
    for (let round = 0; round < 100; round += 1) {
      const guesses = Array.from({ length: 100 }, (_, index) => {
        const number = round * 100 + index;
        const context = { amr: [], ipAddress: `203.0.${Math.floor((number % 1000) / 250)}.${number % 250}` };
        return logins.login(`victim${number}@example.com`, WRONG, context).catch(() => undefined);
      });
      await Promise.all(guesses);
    }
    // Two further guesses for each address, and those that were in flight.
    expect(CountingHasher.verified).toBeLessThanOrEqual(FAILURE_POINTS + 1000 * 3 + 200);
    expect(CountingHasher.verified).toBeGreaterThan(FAILURE_POINTS);
    expect(one.nest.get(Alarms).events.map(({ points, seconds }) => [points, seconds])).toEqual([
      [FAILURE_POINTS, 600],
    ]);
    expect((await logIn({ email, address: '203.0.0.7' })).status).toBe(429);
    expect((await logIn({ email, password: PASSWORD, address: '192.0.2.77' })).status).toBe(200);
  });
});
