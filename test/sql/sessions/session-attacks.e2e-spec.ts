import { randomUUID } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import pg from 'pg';
import { createHttpAdapter, PosternModule } from 'postern';
import { Mailer } from 'postern/mail';
import type { MailMessage } from 'postern/mail';
import { AccessTokenVerifier, Clock } from 'postern/auth';
import { Argon2PasswordHasher } from 'postern/password';
import { Database } from 'postern/persistence';
import { RefreshTokenReused } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens, KeyRing, SigningKeys } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { DataSource } from 'typeorm';
import { byEs, compact } from '../../tokens/hostile-tokens/index.js';
import { until } from '../../support/until.js';

const PASSWORD = 'seven small boats at noon';
const ANOTHER = 'eight large ships by night';
const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' };
const curl = { 'user-agent': 'curl/8.9.1' };

/** The system clock, which a test can only move forward. */
@Injectable()
class HandClock extends Clock {
  static ahead = 0;
  override now(): number {
    return Date.now() + HandClock.ahead;
  }
}

/** Computes real hashes and counts them. */
@Injectable()
class CountingHasher extends Argon2PasswordHasher {
  static hashed = 0;
  static verified = 0;
  override hash(password: string): Promise<string> {
    CountingHasher.hashed += 1;
    return super.hash(password);
  }
  override verify(hash: string, password: string): Promise<boolean> {
    CountingHasher.verified += 1;
    return super.verify(hash, password);
  }
}

@Injectable()
class Outbox extends Mailer {
  static readonly sent: MailMessage[] = [];
  async send(message: MailMessage): Promise<void> {
    Outbox.sent.push(message);
  }
}

@Injectable()
class Thefts {
  static readonly told: RefreshTokenReused[] = [];
  @OnEvent(RefreshTokenReused.type)
  note(event: RefreshTokenReused): void {
    Thefts.told.push(event);
  }
}

@Module({})
class AttackedModule {}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}
interface Body extends Tokens {
  readonly id: string;
  readonly code?: string;
  readonly errors?: readonly { pointer: string }[];
}
type Answer = Awaited<ReturnType<typeof call>>;

let database: TestDatabase;
let app: TestApplication;
let people = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startTestApplication(
    {
      module: AttackedModule,
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
          clock: HandClock,
          hasher: CountingHasher,
          mailer: Outbox,
          production: true,
          users: { deletionGraceDays: 0 },
          // The attacks come from one address.
          limits: { token: false, mailAddress: false, registration: false },
          password: { argon2: { memoryKiB: 1024, iterations: 1 } },
        }),
      ],
      providers: [Thefts],
    },
    { adapter: await createHttpAdapter('fastify') },
  );
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});
beforeEach(() => {
  Thefts.told.length = 0;
});

const call = (method: string, path: string, request: Parameters<TestApplication['call']>[2] = {}) =>
  app.call<Body>(method, path, request);
const refresh = (refreshToken: unknown, headers: Record<string, string> = firefox) =>
  call('POST', '/auth/refresh', { body: { refresh_token: refreshToken }, headers });
const logInWith = (email: unknown, password: unknown, headers: Record<string, string> = firefox) =>
  call('POST', '/auth/login', { body: { email, password }, headers });
const me = (token: string) => call('GET', '/users/me', { token });
const accepts = async (token: string) => (await me(token)).status === 200;
const query = <T>(sql: string, parameters: unknown[] = []): Promise<T[]> =>
  app.nest.get(Database).manager.query(sql, parameters);

async function somebody(): Promise<{ id: string; email: string; logIn: () => Promise<Tokens> }> {
  const email = `person${(people += 1)}@example.com`;
  const { status, body } = await call('POST', '/auth/register', { body: { email, password: PASSWORD } });
  expect(status).toBe(201);
  return { id: body.id, email, logIn: async () => (await logInWith(email, PASSWORD)).body };
}

/** The notices. Mails are sent after the answer and may arrive during the next test. */
const mailsTo = (email: string): MailMessage[] =>
  Outbox.sent.filter(({ to, kind }) => to === email && kind !== 'verify-email');

/** No token of this list works any more. */
async function areDead(...all: Tokens[]): Promise<void> {
  for (const { access_token: access, refresh_token: token } of all) {
    expect((await me(access)).status).toBe(401);
    // Only the guard protects this route. The other route would also fail because the user's row is gone.
    expect((await call('GET', '/auth/sessions', { token: access })).status).toBe(401);
    expect(await refresh(token)).toMatchObject({ status: 401, body: { code: 'refresh-token-invalid' } });
  }
}

/** The observations that an attacker can compare. */
const seenOf = ({ status, headers, body }: Answer): string => {
  const { date: _, 'x-request-id': id, ...rest } = Object.fromEntries(headers);
  return JSON.stringify({ status, rest, body }).replaceAll(id!, '');
};

describe('refresh tokens', () => {
  it('R1: reuse after the grace window revokes the session and its tokens, publishes one event, and notifies the user', async () => {
    const { id, email, logIn } = await somebody();
    const first = await logIn();
    const second = (await refresh(first.refresh_token)).body;
    HandClock.ahead += 11_000;
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 401, body: { code: 'refresh-token-invalid' } });
    await areDead(first, second);
    expect(Thefts.told).toMatchObject([{ userId: id }]);
    await until(() => mailsTo(email).length > 0);
    expect(mailsTo(email)).toMatchObject([{ kind: 'refresh-token-reused' }]);
    expect(JSON.stringify(Outbox.sent)).not.toContain('prt_');
  });

  it.each([2, 10, 50, 200])('R2: %i parallel refreshes of one token get one successor, in every round', async (n) => {
    const { logIn } = await somebody();
    let token = (await logIn()).refresh_token;
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: n }, () => refresh(token)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const successors = [...new Set(answers.map(({ body }) => body.refresh_token))];
      expect(successors).toHaveLength(1);
      [token] = successors as [string];
    }
    expect((await refresh(token)).status).toBe(200);
    expect(Thefts.told).toEqual([]);
  });

  it.each([50, 500])('R3: a delay of %i ms during a rotation ends no session', async (milliseconds) => {
    const { logIn, id } = await somebody();
    const { refresh_token: token } = await logIn();
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM sessions WHERE user_id = $1 FOR UPDATE', [id]);
    const racing = Promise.all(Array.from({ length: 8 }, () => refresh(token)));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await holder.query('COMMIT');
    await holder.end();
    const answers = await racing;
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect((await refresh(answers[0]!.body.refresh_token)).status).toBe(200);
  });

  it('R5: the grace window returns the same successor only while the successor is unused', async () => {
    const { logIn } = await somebody();
    const first = await logIn();
    const second = (await refresh(first.refresh_token)).body;
    const thief = (await refresh(first.refresh_token, curl)).body;
    expect(thief.refresh_token).toBe(second.refresh_token);
    // The owner uses the successor for the first time. From now on, a reuse of the spent token is detected.
    const third = (await refresh(second.refresh_token)).body;
    expect((await refresh(first.refresh_token, curl)).status).toBe(401);
    await areDead(first, second, third, thief);
    expect(Thefts.told).toHaveLength(1);
  });

  it.each(['scope', 'client_id', 'audience', 'resource', 'grant_type', 'sub', 'expires_in'])(
    'R10: a refresh with `%s` does not extend the rights of a session',
    async (name) => {
      const { logIn } = await somebody();
      const { refresh_token } = await logIn();
      const { status, body } = await call('POST', '/auth/refresh', { body: { refresh_token, [name]: 'users:write' } });
      expect([status, body.errors?.map(({ pointer }) => pointer)]).toEqual([400, [`/${name}`]]);
      expect((await refresh(refresh_token)).status).toBe(200);
    },
  );

  it('R11: another spelling of a live refresh token is rejected and does not harm the session', async () => {
    const { logIn } = await somebody();
    const { refresh_token: token } = await logIn();
    const flipped = (at: number): string => {
      const letter = token[at]!;
      const other = letter.toUpperCase() === letter ? letter.toLowerCase() : letter.toUpperCase();
      return token.slice(0, at) + (other === letter ? (letter === '0' ? '1' : '0') : other) + token.slice(at + 1);
    };
    const spellings = [
      ...Array.from({ length: token.length }, (_, length) => token.slice(0, length)),
      ...Array.from({ length: token.length - 1 }, (_, from) => token.slice(from + 1)),
      ...Array.from({ length: token.length }, (_, at) => flipped(at)),
      ...[' ', '\t', '\n', '\r\n', '=', '==', '.', 'A', '%00', '\u200b', '\ufeff'].flatMap((more) => [
        token + more,
        more + token,
      ]),
      `Bearer ${token}`,
      `prt_${token}`,
      token.toUpperCase(),
      token.replace('prt_', 'PRT_'),
      token.replaceAll('-', '+').replaceAll('_', '/'),
      Buffer.from(token.slice(4), 'base64url').toString('hex'),
    ].filter((one) => one !== token && one !== '');
    const told = new Set<string>();
    for (const spelling of spellings) {
      const { status, body } = await refresh(spelling);
      told.add(`${status} ${body.code}`);
    }
    expect([...told]).toEqual(['401 refresh-token-invalid']);
    expect((await refresh(`${token}\0`)).status).toBe(400);
    expect((await refresh(token)).status).toBe(200);
    expect(Thefts.told).toEqual([]);
  });

  it.each([[''], [null], [undefined], [0], [false], [[]], [{}], [['x']], ['undefined'], ['null'], ['0']])(
    'P3: a blank refresh token is rejected: %p',
    async (token) => {
      const before = await query('SELECT * FROM sessions ORDER BY id');
      expect([400, 401]).toContain((await refresh(token)).status);
      expect(await query('SELECT * FROM sessions ORDER BY id')).toEqual(before);
    },
  );
});

describe('access tokens', () => {
  /** Equivalent spellings: some verifiers accept them as the same token, and some deny-lists treat them as another. */
  function aliasesOf(token: string): Record<string, string> {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(signature.at(-1)!);
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const raw = Buffer.from(signature, 'base64url');
    const twin = (order - BigInt(`0x${raw.toString('hex', 32)}`)).toString(16).padStart(64, '0');
    const highS = Buffer.concat([raw.subarray(0, 32), Buffer.from(twin, 'hex')]).toString('base64url');
    return {
      'unused bits': `${header}.${payload}.${signature.slice(0, -1)}${alphabet[last ^ 1]}`,
      padding: `${token}==`,
      'padded parts': `${header}=.${payload}=.${signature}`,
      'a dot': `${token}.`,
      'the twin of s': `${header}.${payload}.${highS}`,
    };
  }

  it('R12: an access token is revoked by its claims, whatever its spelling', async () => {
    const { logIn } = await somebody();
    const { access_token: token } = await logIn();
    const aliases = aliasesOf(token);
    expect((await me(token)).status).toBe(200);
    // The twin is also a valid signature of the key, and the only alias that must be accepted before the revocation.
    expect((await me(aliases['the twin of s']!)).status).toBe(200);
    for (const name of ['unused bits', 'padding', 'padded parts', 'a dot']) {
      expect([name, (await me(aliases[name]!)).status]).toEqual([name, 401]);
    }
    expect((await call('POST', '/auth/logout', { token })).status).toBe(204);
    for (const [name, alias] of Object.entries({ token, ...aliases })) {
      expect([name, (await me(alias)).status]).toEqual([name, 401]);
    }
  });

  it('D7: many unknown key ids cause few database queries and do not slow down valid tokens', async () => {
    const { logIn } = await somebody();
    const { access_token: token } = await logIn();
    const [, payload, signature] = token.split('.') as [string, string, string];
    const stranger = () => {
      const header = { alg: 'ES256', typ: 'at+jwt', kid: randomUUID() };
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
    };
    const verifier = app.nest.get(AccessTokenVerifier);
    let asked = 0;
    const pool = (app.nest.get(DataSource).driver as unknown as { master: pg.Pool }).master;
    const count = () => (asked += 1);
    pool.on('acquire', count);
    const storm = Promise.allSettled(Array.from({ length: 1000 }, () => verifier.verify(stranger())));
    expect((await me(token)).status).toBe(200);
    const outcomes = await storm;
    pool.off('acquire', count);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(40);
    expect((await me(token)).status).toBe(200);
  });
});

describe('sessions', () => {
  it('S1: no value that an attacker plants before the login becomes the session', async () => {
    const { email, logIn } = await somebody();
    const attacker = await (await somebody()).logIn();
    const planted = {
      ...firefox,
      cookie: `sid=${randomUUID()}; refresh_token=${attacker.refresh_token}; __Host-session=x`,
      authorization: `Bearer ${attacker.access_token}`,
    };
    const answer = await logInWith(email, PASSWORD, planted);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-postern-device=[^,]*$/);
    const ids = [answer.body, await logIn(), attacker].map(({ access_token: token }) => sidOf(token));
    expect(new Set(ids).size).toBe(3);
    const { status } = await logInWith(email, PASSWORD, { ...planted, 'x-session-id': ids[0]! });
    expect(status).toBe(200);
  });

  it('S2, S3: a foreign page cannot act through the browser: no cookie, no form, no CORS', async () => {
    const { email, logIn } = await somebody();
    const tokens = await logIn();
    const text = JSON.stringify({ refresh_token: tokens.refresh_token, email, password: PASSWORD });
    for (const path of ['/auth/login', '/auth/refresh', '/auth/logout', '/auth/register', '/auth/password/change']) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        for (const origin of ['https://evil.example', 'null', 'https://id.example.test.evil.example']) {
          const response = await fetch(app.url + path, {
            method: 'POST',
            headers: { 'content-type': type, origin, cookie: `access_token=${tokens.access_token}` },
            body: text,
          });
          expect([path, type, [401, 415].includes(response.status)]).toEqual([path, type, true]);
          expect(response.headers.get('access-control-allow-origin')).toBeNull();
          expect(response.headers.get('set-cookie')).toBeNull();
        }
      }
      const preflight = await fetch(app.url + path, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(await accepts(tokens.access_token)).toBe(true);
    expect((await refresh(tokens.refresh_token)).status).toBe(200);
  });

  it('S4: no route reads a token from a cookie', async () => {
    const { logIn } = await somebody();
    const { access_token: token, refresh_token } = await logIn();
    for (const name of ['access_token', 'token', 'Authorization', 'jwt', '__Host-token', 'session']) {
      const headers = { cookie: `${name}=${token}; ${name}=${token}; refresh_token=${refresh_token}` };
      expect((await call('GET', '/users/me', { headers })).status).toBe(401);
      expect((await call('POST', '/auth/refresh', { headers })).status).toBe(400);
    }
  });

  it('S6: a session does not survive a change of the password on another device', async () => {
    const { email, logIn } = await somebody();
    const [here, there, third] = [await logIn(), await logIn(), await logIn()];
    const changed = await call('POST', '/auth/password/change', {
      token: here.access_token,
      body: { currentPassword: PASSWORD, newPassword: ANOTHER },
    });
    expect(changed.status).toBe(204);
    await areDead(there, third);
    expect(await accepts(here.access_token)).toBe(true);
    await until(() => mailsTo(email).length > 0);
    expect(mailsTo(email)).toMatchObject([{ kind: 'password-changed' }]);
  });

  it('S6: a session does not survive disabling the user, and enabling does not restore it', async () => {
    const { id, logIn } = await somebody();
    const tokens = [await logIn(), await logIn()];
    await app.nest.get(UsersService).disable(id);
    await areDead(...tokens);
    await app.nest.get(UsersService).enable(id);
    await areDead(...tokens);
  });

  it('S6: a session does not survive deleting the user, and a new user of the address starts without data', async () => {
    const { id, email, logIn } = await somebody();
    const tokens = [await logIn(), await logIn()];
    const { status } = await call('DELETE', '/users/me', {
      token: tokens[0]!.access_token,
      body: { password: PASSWORD },
    });
    expect(status).toBe(204);
    await areDead(...tokens);
    const again = await call('POST', '/auth/register', { body: { email, password: ANOTHER } });
    expect(again.body.id).not.toBe(id);
    await areDead(...tokens);
    expect((await logInWith(email, PASSWORD)).status).toBe(401);
  });

  it('S6: a session does not survive deleting the user at a replica whose clock is behind', async () => {
    const { id, logIn } = await somebody();
    HandClock.ahead = 4_000;
    const token = await logIn().finally(() => (HandClock.ahead = 0));
    expect(await accepts(token.access_token)).toBe(true);
    await app.nest.get(UsersService).remove(id);
    await areDead(token);
  });

  it('S6: a session that starts during the deletion of its user does not survive', async () => {
    const { id, logIn } = await somebody();
    const first = await logIn();
    await refresh(first.refresh_token);
    let isAtWork = false;
    const made: Answer[] = [];
    const deletion = app.nest.get(Database).transaction(async () => {
      await app.nest.get(UsersService).remove(id);
      isAtWork = true;
      await until(() => made.length > 0);
    });
    await until(() => isAtWork);
    HandClock.ahead = 2_000;
    made.push(await refresh(first.refresh_token).finally(() => (HandClock.ahead = 0)));
    await deletion;
    expect(made[0]!.status).toBe(200);
    await areDead(first, made[0]!.body);
  });

  it('S7: no token works after a logout that races with refreshes, 100 times', async () => {
    const { logIn } = await somebody();
    for (let round = 0; round < 100; round += 1) {
      const first = await logIn();
      const [logout, ...refreshed] = await Promise.all([
        call('POST', round % 2 ? '/auth/logout' : '/auth/logout-all', { token: first.access_token }),
        refresh(first.refresh_token),
        refresh(first.refresh_token),
      ]);
      expect(logout.status).toBe(204);
      await areDead(first, ...refreshed.filter(({ status }) => status === 200).map(({ body }) => body));
    }
  });

  it('I1: the session of another user and an unknown session get the same 404', async () => {
    const [mine, theirs] = [await (await somebody()).logIn(), await (await somebody()).logIn()];
    const end = (id: string) => call('DELETE', `/auth/sessions/${id}`, { token: mine.access_token });
    const seen = [];
    for (const id of [sidOf(theirs.access_token), randomUUID(), sidOf(theirs.access_token).toUpperCase(), 'me', '0']) {
      seen.push(seenOf(await end(id)));
    }
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toContain('"status":404');
    expect(await accepts(theirs.access_token)).toBe(true);
    expect((await refresh(theirs.refresh_token)).status).toBe(200);
  });

  it('I1: a user without a scope cannot read or change other users, whether they exist or not', async () => {
    const { access_token: token } = await (await somebody()).logIn();
    const other = await somebody();
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/disable'],
      ['POST', '/enable'],
    ] as const) {
      const [existing, none] = [
        await call(method, `/users/${other.id}${path}`, { token }),
        await call(method, `/users/${randomUUID()}${path}`, { token }),
      ];
      expect(existing.status).toBe(403);
      expect(seenOf(existing)).toBe(seenOf(none));
    }
  });
});

const sidOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sid: string }).sid;

describe('user enumeration', () => {
  it('E1, E2, E3: a failed login does not reveal whether the account exists: same answer, same headers, one hash', async () => {
    const known = await somebody();
    const disabled = await somebody();
    await app.nest.get(UsersService).disable(disabled.id);
    const bare = await app.nest.get(UsersService).create({ email: `person${(people += 1)}@example.com` });
    const attempts: [string, string][] = [
      [known.email, 'a wrong password, long enough'],
      ['nobody@example.com', 'a wrong password, long enough'],
      [disabled.email, PASSWORD],
      [disabled.email, 'a wrong password, long enough'],
      [bare.email, PASSWORD],
      ['no address', PASSWORD],
      [known.email, 'x'.repeat(1_025)],
      ['nobody@example.com', 'x'.repeat(1_025)],
      [known.email, 'x'.repeat(73)],
    ];
    const seen = new Set<string>();
    for (const [email, password] of attempts) {
      CountingHasher.verified = 0;
      CountingHasher.hashed = 0;
      seen.add(seenOf(await logInWith(email, password)));
      expect([email, CountingHasher.verified + CountingHasher.hashed]).toEqual([email, 1]);
    }
    expect(seen.size).toBe(1);
    expect([...seen][0]).toContain('"status":401');
    expect([...seen][0]).not.toMatch(/set-cookie|retry-after|ratelimit/i);
  });

  it('E1: a failed refresh does not reveal whether the account exists: all rejections are equal', async () => {
    const { id, logIn } = await somebody();
    const ended = await logIn();
    await call('POST', '/auth/logout', { token: ended.access_token });
    const disabled = await logIn();
    await app.nest.get(UsersService).disable(id);
    const seen = new Set<string>();
    for (const token of ['prt_', `prt_${'A'.repeat(71)}`, ended.refresh_token, disabled.refresh_token]) {
      seen.add(seenOf(await refresh(token)));
    }
    expect(seen.size).toBe(1);
  });

  it('P4: addresses with the same normal form are one, and addresses that only look alike are not', async () => {
    const register = (email: string) => call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    expect((await register('mike@kelvin.example')).status).toBe(201);
    for (const same of [
      'MIKE@kelvin.example',
      'mi\u212ae@kelvin.example', // KELVIN SIGN
      'ｍike@kelvin.example',
      'mike＠kelvin.example',
      'mike@\u212aelvin.example',
      ' mike@KELVIN.example ',
    ]) {
      expect([same, (await register(same)).body.code]).toEqual([same, 'email-taken']);
      expect((await logInWith(same, PASSWORD)).status).toBe(200);
    }
    const others = ['m\u0131ke@kelvin.example', 'mike+tag@kelvin.example', 'm.ike@kelvin.example'];
    for (const other of others) {
      expect((await logInWith(other, PASSWORD)).status).toBe(401);
      expect([other, (await register(other)).status]).toEqual([other, 201]);
    }
    expect((await register('ada@bücher.example')).status).toBe(201);
    expect((await register('ada@xn--bcher-kva.example')).body.code).toBe('email-taken');
    for (const none of ['mike@kelvin.example.', 'mi\u200bke@kelvin.example', 'mike@kelvin\u00ad.example x']) {
      expect([none, (await register(none)).status]).toEqual([none, 400]);
    }
  });

  it.each([
    'a@evil.test,v@x.test',
    'a@evil.test;v@x.test',
    'a@evil.test v@x.test',
    '<v@x.test>a@evil.test',
    'a@evil.test<v@x.test>',
    '"v@x.test"@evil.test',
    '"a@evil.test,"@x.test',
    'a@evil.test\r\nBcc: v@x.test',
    'a@evil.test\nRCPT TO:<v@x.test>',
    'a@evil.test%0d%0abcc:v@x.test',
    'a@@evil.test',
    'v@x.test@evil.test',
    'a(v@x.test)@evil.test',
    ['a@evil.test', 'v@x.test'],
  ])('P5: the email field accepts only one address: %p', async (email) => {
    const { status, body } = await call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/email']);
  });

  it('I2: 200 parallel registrations of one address in several spellings create one user', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        call('POST', '/auth/register', {
          body: { email: ['race@example.com', 'Race@example.com', 'race@EXAMPLE.COM '][n % 3], password: PASSWORD },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'email-taken')).toHaveLength(199);
    expect(await query(`SELECT id FROM users WHERE email = 'race@example.com'`)).toHaveLength(1);
  });
});

describe('fields that the user may not write', () => {
  const forbidden = {
    id: randomUUID(),
    emailVerifiedAt: '2020-01-01T00:00:00Z',
    emailVerified: true,
    disabledAt: null,
    createdAt: '2020-01-01T00:00:00Z',
    updatedAt: '2020-01-01T00:00:00Z',
    roles: ['admin'],
    scope: 'users:write',
    isAdmin: true,
    passwordHash: 'x',
    'user[isAdmin]': true,
    user: { isAdmin: true },
    __proto__x: 1,
  };

  it.each(Object.entries(forbidden))(
    'P7: `%s` is rejected at registration and in the own account',
    async (name, value) => {
      const { id, logIn } = await somebody();
      const { access_token: token } = await logIn();
      const before = await query('SELECT * FROM users WHERE id = $1', [id]);
      const patched = await call('PATCH', '/users/me', { token, body: { [name]: value } });
      const registered = await call('POST', '/auth/register', {
        body: { email: `new${people}@example.com`, password: PASSWORD, [name]: value },
      });
      for (const { status, body } of [patched, registered]) {
        expect([status, body.errors?.map(({ pointer }) => pointer)]).toEqual([400, [`/${name}`]]);
      }
      expect(await query('SELECT * FROM users WHERE id = $1', [id])).toEqual(before);
    },
  );

  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
    '{"\\u005f_proto__":{"isAdmin":true}}',
  ])('I4: a body cannot pollute a prototype: %s', async (body) => {
    const { access_token: token } = await (await somebody()).logIn();
    for (const [method, path] of [
      ['PATCH', '/users/me'],
      ['POST', '/auth/login'],
      ['POST', '/auth/refresh'],
      ['POST', '/auth/register'],
    ]) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      expect((await fetch(app.url + path, { method: method!, headers, body })).status).toBe(400);
    }
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it('I4: a claim cannot pollute a prototype', async () => {
    const { kid } = await app.nest.get(KeyRing).signingKey();
    const privateKey = app.nest.get<SigningKeys>(SigningKeys).localKey(kid)!;
    const now = Math.floor(app.nest.get(Clock).now() / 1000);
    const claims = `"iss":"https://id.example.test","aud":"postern","sub":"x","iat":${now},"exp":${now + 60},"jti":"j"`;
    const polluting = '"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}';
    for (const payload of [`{${claims},${polluting}}`, `{${polluting},${claims}}`]) {
      const token = compact({ alg: 'ES256', typ: 'at+jwt', kid }, payload, byEs({ privateKey }));
      const principal = await app.nest
        .get(AccessTokenVerifier)
        .verify(token)
        .catch(() => undefined);
      expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
      expect((principal as { isAdmin?: unknown } | undefined)?.isAdmin).toBeUndefined();
      expect((principal?.claims as { isAdmin?: unknown } | undefined)?.isAdmin).toBeUndefined();
    }
  });
});

describe('expensive requests', () => {
  it.each([1_025, 10_000, 90_000])(
    'D1: a password of %i bytes is rejected without a hash when it is set',
    async (length) => {
      const { logIn, email } = await somebody();
      const { access_token: token } = await logIn();
      const long = 'x'.repeat(length);
      CountingHasher.hashed = 0;
      const registered = await call('POST', '/auth/register', { body: { email: 'long@example.com', password: long } });
      expect([registered.status, CountingHasher.hashed]).toEqual([400, 0]);
      const changed = await call('POST', '/auth/password/change', {
        token,
        body: { currentPassword: PASSWORD, newPassword: long },
      });
      expect([changed.status, CountingHasher.hashed]).toEqual([400, 0]);
      expect((await logInWith(email, long)).status).toBe(401);
    },
  );

  it('D1: a password of a megabyte is not read', async () => {
    const megabyte = 'x'.repeat(1_000_000);
    CountingHasher.hashed = CountingHasher.verified = 0;
    for (const path of ['/auth/register', '/auth/login']) {
      const answer = await call('POST', path, { body: { email: 'a@example.com', password: megabyte } });
      expect([path, answer.status]).toEqual([path, 413]);
    }
    expect(CountingHasher.hashed + CountingHasher.verified).toBe(0);
  });

  it('D2: the 73rd byte of a password matters', async () => {
    const email = `person${(people += 1)}@example.com`;
    const begin = 'exactly seventy-two bytes in a long sentence that is not in any wordlist. '.slice(0, 72);
    expect(begin).toHaveLength(72);
    await call('POST', '/auth/register', { body: { email, password: `${begin}abc` } });
    expect((await logInWith(email, `${begin}xyz`)).status).toBe(401);
    expect((await logInWith(email, begin)).status).toBe(401);
    expect((await logInWith(email, `${begin}abc`)).status).toBe(200);
  });

  it('D3: NUL is rejected in every field, and no value is truncated at it', async () => {
    const { email, logIn } = await somebody();
    const { access_token: token, refresh_token } = await logIn();
    const nul = '\0 and more that is long enough';
    const refused: [string, Promise<Answer>][] = [
      ['/password', logInWith(email, PASSWORD + nul)],
      ['/email', logInWith(`${email}${nul}`, PASSWORD)],
      ['/refresh_token', refresh(refresh_token + nul)],
      ['/password', call('POST', '/auth/register', { body: { email: 'nul@example.com', password: PASSWORD + nul } })],
      ['/email', call('POST', '/auth/register', { body: { email: `nul\0@example.com`, password: PASSWORD } })],
      [
        '/newPassword',
        call('POST', '/auth/password/change', {
          token,
          body: { currentPassword: PASSWORD, newPassword: ANOTHER + nul },
        }),
      ],
      ['/password', call('DELETE', '/users/me', { token, body: { password: PASSWORD + nul } })],
    ];
    for (const [pointer, answer] of refused) {
      const { status, body } = await answer;
      expect([pointer, status, body.errors?.[0]?.pointer]).toEqual([pointer, 400, pointer]);
    }
    const header = { 'user-agent': 'half\u00ff' };
    expect((await logInWith(email, PASSWORD, header)).status).toBe(200);
  });

  it('D6: a huge scope and a deeply nested body are rejected at once', async () => {
    const { token } = await app.nest
      .get(AccessTokens)
      .issue({ subject: randomUUID(), scopes: Array.from({ length: 600 }, (_, n) => `scope:${n}`) })
      .catch(() => ({ token: 'x'.repeat(9_000) }));
    const since = performance.now();
    expect((await me(token)).status).toBe(401);
    const deep = `{"email":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const answer = await fetch(`${app.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: deep,
    });
    expect(answer.status).toBe(400);
    expect(performance.now() - since).toBeLessThan(1000);
  });
});

describe('a database that fails', () => {
  /** Makes every write of this kind into the table fail until the work is done. */
  async function whileFailing(event: 'INSERT' | 'UPDATE', table: string, work: () => Promise<void>): Promise<void> {
    await query(`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$`);
    await query(`CREATE TRIGGER fail BEFORE ${event} ON ${table} FOR EACH ROW EXECUTE FUNCTION fail()`);
    try {
      await work();
    } finally {
      await query(`DROP TRIGGER fail ON ${table}`);
    }
  }

  it.each([
    ['INSERT', 'revocations'],
    ['UPDATE', 'sessions'],
  ] as const)(
    'I5: a logout fails completely when %s into %s fails, and succeeds at the next attempt',
    async (event, table) => {
      const { logIn } = await somebody();
      const tokens = await logIn();
      for (const path of ['/auth/logout', '/auth/logout-all', `/auth/sessions/${sidOf(tokens.access_token)}`]) {
        await whileFailing(event, table, async () => {
          const method = path.includes('sessions') ? 'DELETE' : 'POST';
          const answer = await call(method, path, { token: tokens.access_token });
          expect([path, answer.status]).toEqual([path, 500]);
          expect(JSON.stringify(answer.body)).not.toContain('disk');
        });
      }
      // No partial change: session and token are both alive, and a retry succeeds.
      const { status, body } = await refresh(tokens.refresh_token);
      expect(status).toBe(200);
      expect(await accepts(tokens.access_token)).toBe(true);
      expect((await call('POST', '/auth/logout', { token: tokens.access_token })).status).toBe(204);
      await areDead(tokens, body);
    },
  );

  it('I5: a password change that fails keeps the old password and the sessions', async () => {
    const { email, logIn } = await somebody();
    const [here, there] = [await logIn(), await logIn()];
    const change = () =>
      call('POST', '/auth/password/change', {
        token: here.access_token,
        body: { currentPassword: PASSWORD, newPassword: ANOTHER },
      });
    await whileFailing('INSERT', 'revocations', async () => expect((await change()).status).toBe(500));
    expect(await accepts(there.access_token)).toBe(true);
    expect((await logInWith(email, ANOTHER)).status).toBe(401);
    expect(mailsTo(email)).toEqual([]);
    expect((await change()).status).toBe(204);
    await areDead(there);
  });

  it('I5: disabling a user that fails changes nothing, and a reused token is rejected although its session cannot be ended', async () => {
    const { id, logIn } = await somebody();
    const tokens = await logIn();
    await whileFailing('INSERT', 'revocations', async () => {
      await expect(app.nest.get(UsersService).disable(id)).rejects.toThrow();
    });
    expect(await accepts(tokens.access_token)).toBe(true);

    const second = (await refresh(tokens.refresh_token)).body;
    const third = (await refresh(second.refresh_token)).body;
    await whileFailing('UPDATE', 'sessions', async () => {
      expect((await refresh(tokens.refresh_token)).status).toBeGreaterThanOrEqual(401);
    });
    expect((await refresh(tokens.refresh_token)).status).toBe(401);
    await areDead(third);
  });
});
