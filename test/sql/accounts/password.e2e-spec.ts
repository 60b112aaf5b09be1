import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnEvent } from '@nestjs/event-emitter';
import { createHttpAdapter, documentOf, PosternModule } from 'postern';
import {
  Argon2PasswordHasher,
  CheckedPasswordSettings,
  LoginFailed,
  PasswordChanged,
  PasswordHasher,
  PasswordPolicy,
} from 'postern/password';
import { Database } from 'postern/persistence';
import type { DomainEvent } from 'postern/persistence';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { UsersService } from 'postern/users';

const PASSWORD = 'seven small boats at noon';
const NEXT = 'nine grey herons by the weir';
const TOO_LONG = 'x'.repeat(1025);

/** The built-in hasher. The test may delay it, and it records each verification. */
@Injectable()
class WatchedHasher extends Argon2PasswordHasher {
  readonly proven: string[] = [];
  beforeVerify: (() => Promise<void>) | undefined;

  override async verify(hash: string, password: string): Promise<boolean> {
    this.proven.push(hash.split('$').slice(1, 4).join(' '));
    const isRight = await super.verify(hash, password);
    await this.beforeVerify?.();
    return isRight;
  }
}

@Injectable()
class EventLog {
  readonly told: DomainEvent[] = [];

  @OnEvent(LoginFailed.type)
  @OnEvent(PasswordChanged.type)
  note(event: DomainEvent): void {
    this.told.push(event);
  }
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown> & { access_token: string; refresh_token: string; code?: string };
}

describe('passwords of more than 1,024 bytes', () => {
  let database: TestDatabase;
  let app: TestApplication;

  beforeAll(async () => {
    database = await createTestDatabase();
    const posternModule = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      password: { maximumBytes: 4096 },
    });
    app = await startTestApplication(posternModule);
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('a password of more than 1,024 bytes works for registration, login and deletion if the settings allow it', async () => {
    const password = Array.from({ length: 300 }, (_, at) => `boat ${at * 7919}`).join(' ');
    const credentials = { email: 'ada@example.com', password };
    expect((await app.call('POST', '/auth/register', { body: credentials })).status).toBe(201);
    const { body } = await app.call<{ access_token: string }>('POST', '/auth/login', { body: credentials });
    const token = body.access_token;
    expect((await app.call('DELETE', '/users/me', { token, body: { password: `${password}!` } })).status).toBe(403);
    expect((await app.call('DELETE', '/users/me', { token, body: { password } })).status).toBe(204);
  });

  it('the OpenAPI document warns about the hashing cost of long passwords', () => {
    const { delete: operation } = documentOf(app.nest).paths['/users/me']!;
    expect(operation!.responses['503']).toMatchObject({ description: expect.stringContaining('`busy`') });
  });
});

describe('request-scoped classes of a team', () => {
  let database: TestDatabase;

  @Injectable({ scope: Scope.REQUEST })
  class Tenant {}

  @Injectable()
  class TenantPolicy extends PasswordPolicy {
    constructor(@Inject(Tenant) readonly tenant: Tenant) {
      super();
    }

    check = () => [];
  }

  @Injectable()
  class TenantHasher extends WatchedHasher {
    constructor(
      @Inject(CheckedPasswordSettings) settings: CheckedPasswordSettings,
      @Inject(Tenant) readonly tenant: Tenant,
    ) {
      super(settings);
    }
  }

  @Module({ providers: [Tenant], exports: [Tenant] })
  class TenantModule {}

  const start = (structure: object): Promise<TestApplication> =>
    startTestApplication(
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        imports: [TenantModule],
        ...structure,
      }),
    );

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  it('a request-scoped policy leaves the failed login of an unknown address one hash of the current cost', async () => {
    const app = await start({ hasher: WatchedHasher, passwordPolicies: [TenantPolicy] });
    const body = { email: 'nobody@example.com', password: PASSWORD };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await app.call('POST', '/auth/login', { body })).status).toBe(401);
    }
    const { proven } = app.nest.get<WatchedHasher>(PasswordHasher);
    expect(proven).toEqual(['argon2id v=19 m=19456,t=2,p=1', 'argon2id v=19 m=19456,t=2,p=1']);
    await app.close();
  });

  it('a request-scoped hasher stops the start, because the hasher limits concurrent hashes', async () => {
    await expect(start({ hasher: TenantHasher })).rejects.toThrow(
      /^PasswordModule: the hasher or one of its dependencies is request-scoped/,
    );
  });
});

describe.each(['fastify', 'express'] as const)('passwords over HTTP on %s', (kind) => {
  let database: TestDatabase;
  let app: INestApplication;
  let url: string;
  let people = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
          hasher: WatchedHasher,
          // Many parallel logins of one account, and wrong passwords of many tests.
          limits: { accountNetwork: false, account: false, confirmation: false },
          users: { deletionGraceDays: 0 },
        }),
      ],
      providers: [EventLog],
    })
    class AppModule {}
    app = await NestFactory.create(AppModule, await createHttpAdapter(kind), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });
  beforeEach(() => {
    hasher().proven.length = 0;
    hasher().beforeVerify = undefined;
    app.get(EventLog).told.length = 0;
  });

  const hasher = () => app.get<WatchedHasher>(PasswordHasher);

  async function call(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (text ? JSON.parse(text) : {}) as Answer['body'],
    };
  }
  const login = (email: unknown, password: unknown) => call('POST', '/auth/login', { email, password });
  const change = (token: string | undefined, currentPassword: unknown, newPassword: unknown) =>
    call('POST', '/auth/password/change', { currentPassword, newPassword }, token);
  const me = (token: string) => call('GET', '/users/me', undefined, token);

  async function somebody(password = PASSWORD): Promise<{ id: string; email: string }> {
    const email = `person${(people += 1)}@example.com`;
    const registered = await call('POST', '/auth/register', { email, password });
    expect(registered.status).toBe(201);
    return { id: registered.body.id as string, email };
  }
  async function withoutPassword(): Promise<string> {
    const email = `person${(people += 1)}@example.com`;
    await app.get(UsersService).create({ email });
    return email;
  }
  const hashOf = async (id: string) => {
    const rows = await app
      .get(Database)
      .manager.query('SELECT hash, changed_at FROM password_credentials WHERE user_id = $1', [id]);
    return (rows as { hash: string; changed_at: Date }[])[0]!;
  };

  it('a login returns tokens that the guard accepts, with headers that forbid caching', async () => {
    const { email } = await somebody();
    const answer = await login(` ${email.toUpperCase()}`, PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^eyJ/) as string,
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: expect.stringMatching(/^prt_/) as string,
      refresh_expires_in: expect.any(Number) as number,
    });
    expect(answer.headers.get('cache-control')).toContain('no-store');
    await expect(me(answer.body.access_token)).resolves.toMatchObject({ status: 200, body: { email } });
    const claims = JSON.parse(Buffer.from(answer.body.access_token.split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({ amr: ['pwd'] });
  });

  it('passwords are stored as argon2id with the parameters of OWASP', async () => {
    const { id } = await somebody();
    expect((await hashOf(id)).hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('all failed logins get the same answer byte by byte and cost one hash', async () => {
    const known = await somebody();
    const disabled = await somebody();
    await app.get(UsersService).disable(disabled.id);
    const attempts: [string, string][] = [
      ['nobody@example.com', PASSWORD],
      ['no address', PASSWORD],
      ['', ''],
      ['a@b@c', PASSWORD],
      [known.email, 'wrong'],
      [known.email, ''],
      [known.email, TOO_LONG],
      ['nobody@example.com', TOO_LONG],
      [await withoutPassword(), PASSWORD],
      [disabled.email, 'wrong'],
      [disabled.email, PASSWORD],
    ];
    const answers: Answer[] = [];
    for (const [email, password] of attempts) answers.push(await login(email, password));

    const seen = answers.map(({ status, headers, text }) => {
      const { date: _date, 'x-request-id': id, ...rest } = Object.fromEntries(headers);
      return JSON.stringify({ status, text: text.replace(id!, ''), ...rest });
    });
    expect(new Set(seen).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'invalid-credentials' } });
    expect(answers[0]!.headers.get('www-authenticate')).toBe('Bearer');
    expect(hasher().proven).toEqual(attempts.map(() => 'argon2id v=19 m=19456,t=2,p=1'));
    expect(app.get(EventLog).told).toHaveLength(attempts.length);
    expect(JSON.stringify(app.get(EventLog).told)).not.toMatch(/example\.com|boats|wrong"/);
  });

  it.each<[string, unknown, string[]]>([
    ['a number as the password', { email: 'a@example.com', password: 1 }, ['/password']],
    ['a list as the password', { email: 'a@example.com', password: [PASSWORD] }, ['/password']],
    ['an object as the address', { email: { $ne: null }, password: PASSWORD }, ['/email']],
    ['nothing', {}, ['/email', '/password']],
    ['null', { email: null, password: null }, ['/email', '/password']],
    ['an address over 320 characters', { email: 'a'.repeat(321), password: PASSWORD }, ['/email']],
    ['a NUL in the password', { email: 'a@example.com', password: 'seven\0boats' }, ['/password']],
    [
      'half a surrogate pair in the password',
      '{"email":"a@example.com","password":"seven \\ud800 boats"}',
      ['/password'],
    ],
    ['an unknown field', { email: 'a@example.com', password: PASSWORD, admin: true }, ['/admin']],
  ])('a login with %s is rejected with 400 and pointers, without a hash', async (_, body, pointers) => {
    const answer = await call('POST', '/auth/login', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation-failed' } });
    const told = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
    expect([...new Set(told)].sort()).toEqual(pointers);
    expect(hasher().proven).toEqual([]);
  });

  it('a body of a megabyte is rejected with 413, without a hash', async () => {
    await expect(login('a@example.com', 'x'.repeat(1_000_000))).resolves.toMatchObject({ status: 413 });
    expect(hasher().proven).toEqual([]);
  });

  it('a login replaces a hash with old parameters and keeps the date of the last password change', async () => {
    const { id, email } = await somebody();
    const cheap = new Argon2PasswordHasher(new CheckedPasswordSettings({ argon2: { memoryKiB: 1024, iterations: 1 } }));
    const old = await cheap.hash(PASSWORD);
    await app.get(Database).manager.query('UPDATE password_credentials SET hash = $2 WHERE user_id = $1', [id, old]);
    const before = await hashOf(id);

    await expect(login(email, 'wrong')).resolves.toMatchObject({ status: 401 });
    expect((await hashOf(id)).hash).toBe(old);
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 200 });
    const after = await hashOf(id);
    expect(after.hash).toContain('m=19456,t=2,p=1');
    expect(after.changed_at).toEqual(before.changed_at);
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 200 });
  });

  it('a password matches in every Unicode form', async () => {
    const { email } = await somebody('sieben kleine boote, cafe\u0301 \ufb01n');
    await expect(login(email, 'sieben kleine boote, caf\u00e9 fin')).resolves.toMatchObject({ status: 200 });
  });

  it('a password change ends the other sessions at once and keeps the current one', async () => {
    const { id, email } = await somebody();
    const [here, there] = [(await login(email, PASSWORD)).body, (await login(email, PASSWORD)).body];
    await expect(change(here.access_token, PASSWORD, NEXT)).resolves.toMatchObject({ status: 204, text: '' });

    await expect(me(here.access_token)).resolves.toMatchObject({ status: 200 });
    await expect(me(there.access_token)).resolves.toMatchObject({ status: 401 });
    await expect(call('POST', '/auth/refresh', { refresh_token: there.refresh_token })).resolves.toMatchObject({
      status: 401,
    });
    await expect(call('POST', '/auth/refresh', { refresh_token: here.refresh_token })).resolves.toMatchObject({
      status: 200,
    });
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 401 });
    await expect(login(email, NEXT)).resolves.toMatchObject({ status: 200 });
    expect(app.get(EventLog).told).toContainEqual(expect.objectContaining({ userId: id }));
  });

  it('a password change is rejected if the current password is wrong, or the new one is weak or the same', async () => {
    const { email } = await somebody();
    const { access_token: token } = (await login(email, PASSWORD)).body;
    await expect(change(undefined, PASSWORD, NEXT)).resolves.toMatchObject({ status: 401 });
    await expect(change(token, 'wrong', NEXT)).resolves.toMatchObject({
      status: 403,
      body: { code: 'current-password-wrong' },
    });
    await expect(change(token, TOO_LONG, NEXT)).resolves.toMatchObject({ status: 403 });
    const refused = { status: 400, body: { code: 'password-rejected' } };
    for (const [next, code] of [
      [PASSWORD, 'password-unchanged'],
      ['passwordpassword', 'password-too-common'],
      ['short', 'password-too-short'],
      [TOO_LONG, 'password-too-long'],
      [`${email} at noon`, 'password-contains-context'],
    ]) {
      const answer = await change(token, PASSWORD, next);
      expect(answer).toMatchObject(refused);
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer: '/newPassword', code }));
    }
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 200 });
  });

  it('only one of many simultaneous password changes succeeds, and no session of the old password survives', async () => {
    const { email } = await somebody();
    const { access_token: token } = (await login(email, PASSWORD)).body;
    const changes = Array.from({ length: 8 }, (_, n) => change(token, PASSWORD, `${NEXT} number ${n}`));
    const logins = Array.from({ length: 16 }, () => login(email, PASSWORD));
    const outcomes = (await Promise.all(changes)).map(({ status }) => status).sort();
    expect(outcomes).toEqual([204, ...Array.from({ length: 7 }, () => 403)]);
    for (const { status, body } of await Promise.all(logins)) {
      expect([200, 401]).toContain(status);
      if (status === 200) await expect(me(body.access_token)).resolves.toMatchObject({ status: 401 });
    }
  });

  it('a login starts no session if the password changes while it is verified', async () => {
    const { id, email } = await somebody();
    const { access_token: token } = (await login(email, PASSWORD)).body;
    hasher().beforeVerify = async () => {
      hasher().beforeVerify = undefined;
      await expect(change(token, PASSWORD, NEXT)).resolves.toMatchObject({ status: 204 });
    };
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 401 });
    const manager = app.get(Database).manager;
    const live = await manager.query('SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [id]);
    expect(live).toHaveLength(1);
  });

  it('a login starts no session if the account is disabled while the password is verified', async () => {
    const { id, email } = await somebody();
    hasher().beforeVerify = async () => void (await app.get(UsersService).disable(id));
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 401, body: { code: 'invalid-credentials' } });
  });

  it('logins and password changes get a clear answer if the account is deleted during them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, email } = await somebody();
      const { access_token: token } = (await login(email, PASSWORD)).body;
      const answers = await Promise.all([
        ...Array.from({ length: 6 }, () => login(email, PASSWORD)),
        change(token, PASSWORD, NEXT),
        app.get(UsersService).remove(id),
      ]);
      for (const answer of answers) if (answer) expect([200, 204, 401, 403]).toContain(answer.status);
    }
  });

  it('deleting an account requires the password', async () => {
    const { email } = await somebody();
    const { access_token: token } = (await login(email, PASSWORD)).body;
    const remove = (password: string) => call('DELETE', '/users/me', { password }, token);
    await expect(remove('wrong')).resolves.toMatchObject({ status: 403, body: { code: 'identity-not-confirmed' } });
    await expect(remove(PASSWORD)).resolves.toMatchObject({ status: 204 });
    await expect(login(email, PASSWORD)).resolves.toMatchObject({ status: 401 });
  });
});

describe('many logins at once', () => {
  it('logins above the limit are answered with 503 and Retry-After, and the server keeps serving', async () => {
    const database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
          password: { hashing: { concurrency: 1, maximumWaiting: 4 } },
          limits: { accountNetwork: false },
        }),
      ],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, await createHttpAdapter('fastify'), { logger: false });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const attempt = () =>
        fetch(`${url}/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'nobody@example.com', password: PASSWORD }),
        });
      const answers = await Promise.all(Array.from({ length: 60 }, attempt));
      const busy = answers.filter(({ status }) => status === 503);
      expect(busy.length).toBeGreaterThan(0);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 503]));
      expect(busy[0]!.headers.get('retry-after')).toBe('5');
      expect(await busy[0]!.json()).toMatchObject({ code: 'busy', status: 503 });
      expect((await attempt()).status).toBe(401);
    } finally {
      await app.close();
      await database.drop();
    }
  });
});
