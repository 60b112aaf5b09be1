import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { UserList, UsersService } from 'postern/users';

const password = 'seven small boats at noon';

interface Page {
  readonly users: readonly { readonly id: string; readonly email: string }[];
  readonly next: string | null;
}

describe.each(['fastify', 'express'] as const)('the administration of users and sessions on %s', (adapter) => {
  let database: TestDatabase;
  let app: TestApplication;
  let root: { id: string; token: string; sessionId: string };

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'http://localhost:3000',
          secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-users',
          databaseUrl: database.url,
        }),
      ],
    })
    class AppModule {}
    app = await startTestApplication(AppModule, { adapter });
    await app.nest.get(RolesService).create({ name: 'auditor', description: 'Reads', permissions: ['users:read'] });
    root = await personWith('zoe@example.com', ADMINISTRATOR);
    for (const name of ['bob', 'ada', 'adam', 'ådne', 'carl', 'Adele', 'dora']) {
      await personWith(`${name}@example.com`, ...(name.length === 4 ? ['auditor'] : []));
    }
    const users = app.nest.get(UsersService);
    await users.disable((await users.findByEmail('bob@example.com'))!.id);
    await users.update((await users.findByEmail('carl@example.com'))!.id, { emailVerifiedAt: new Date() });
  }, 60_000);

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  async function personWith(email: string, ...roles: string[]) {
    const user = await app.nest.get(UsersService).create({ email });
    await app.nest.get(UserRolesService).replace(user.id, roles);
    const pair = await app.nest.get(SessionsService).start(user, { amr: ['pwd'] });
    return { id: user.id, token: pair.accessToken, sessionId: pair.sessionId };
  }

  const get = <T = Page>(path: string, token = root.token) => app.call<T>('GET', path, { token });

  /** The first names of all pages of two users. */
  async function namesOf(query: string): Promise<string[]> {
    const names: string[] = [];
    let after: string | null = '';
    do {
      const { status, body }: { status: number; body: Page } = await get(`/users?limit=2&${query}${after}`);
      expect(status).toBe(200);
      names.push(...body.users.map(({ email }) => email.replace('@example.com', '')));
      after = body.next === null ? null : `&after=${body.next}`;
    } while (after !== null);
    return names;
  }

  it.each([
    ['', 'zoe bob ada adam ådne carl adele dora'],
    ['sort=createdAt', 'zoe bob ada adam ådne carl adele dora'],
    ['sort=-createdAt', 'dora adele carl ådne adam ada bob zoe'],
    ['sort=email', 'ada adam adele bob carl dora zoe ådne'],
    ['sort=-email', 'ådne zoe dora carl bob adele adam ada'],
    ['emailPrefix=AD', 'ada adam adele'],
    ['emailPrefix=ad&sort=-email', 'adele adam ada'],
    [`emailPrefix=${encodeURIComponent('å')}`, 'ådne'],
    [`emailPrefix=${encodeURIComponent("%'_")}`, ''],
    ['role=auditor', 'adam ådne carl dora'],
    ['role=auditor&sort=-createdAt', 'dora carl ådne adam'],
    ['role=auditor&sort=-email', 'ådne dora carl adam'],
    ['role=no-such-role', ''],
    ['disabled=true', 'bob'],
    ['disabled=false&emailPrefix=b', ''],
    ['verified=true', 'carl'],
    ['verified=false&role=auditor', 'adam ådne dora'],
  ])('GET /users?%s pages through the users in their order', async (query, names) => {
    expect((await namesOf(query)).join(' ')).toBe(names);
  });

  it.each([
    ['sort=name', '/sort'],
    ['sort=email&sort=email', '/sort'],
    ['disabled=1', '/disabled'],
    ['verified=', '/verified'],
    ['emailPrefix=', '/emailPrefix'],
    ['emailPrefix=%00', '/emailPrefix'],
    [`emailPrefix=${'x'.repeat(255)}`, '/emailPrefix'],
    ['role=a&role=b', '/role'],
    ['after=x', '/after'],
    [`after=${Buffer.from('["email","\\u0000"]').toString('base64url')}&sort=email`, '/after'],
    [`after=${Buffer.from('["createdAt","x"]').toString('base64url')}`, '/after'],
  ])('GET /users?%s rejects the query and points to %s', async (query, pointer) => {
    const { status, body } = await get<{ errors: { pointer: string }[] }>(`/users?${query}`);
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('GET /users rejects a cursor of another order', async () => {
    const { body } = await get('/users?limit=2&sort=email');
    const answer = await get<object>(`/users?limit=2&sort=-email&after=${body.next}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation-failed', errors: [{ pointer: '/after', detail: expect.stringContaining('sort') }] },
    });
  });

  it('a caller administers no user who has a permission that the caller does not have', async () => {
    await app.nest
      .get(RolesService)
      .create({ name: 'help-desk', description: 'Helps', permissions: ['users:write', 'sessions:write'] });
    const help = await personWith('help@example.com', 'help-desk');
    const [plain, colleague, auditor, boss] = [
      await personWith('plain@example.com'),
      await personWith('colleague@example.com', 'help-desk'),
      await personWith('auditor@example.com', 'auditor'),
      await personWith('boss@example.com', ADMINISTRATOR),
    ];
    const service = await app.nest
      .get(AccessTokens)
      .issue({ subject: 'desk', scopes: ['users:write', 'sessions:write'] });
    const acts = ({ id, sessionId }: typeof plain) =>
      [
        ['PATCH', `/users/${id}`, {}],
        ['DELETE', `/users/${id}/sessions/${sessionId}`],
        ['DELETE', `/users/${id}/sessions`],
        ['POST', `/users/${id}/disable`],
        ['POST', `/users/${id}/enable`],
        ['DELETE', `/users/${id}`],
      ] as const;
    for (const token of [help.token, service.token]) {
      for (const [target, permission] of [
        [auditor, 'users:read'],
        [boss, ADMINISTRATOR],
      ] as const) {
        for (const [method, path, body] of acts(target)) {
          const answer = await app.call(method, path, { token, body });
          expect([path, answer.status, answer.body?.code, answer.body?.permission]).toEqual([
            path,
            403,
            'user-has-more-rights',
            permission,
          ]);
        }
      }
    }
    expect((await get('/users', boss.token)).status).toBe(200);
    for (const target of [plain, colleague]) {
      const statuses: number[] = [];
      for (const [method, path, body] of acts(target)) {
        statuses.push((await app.call(method, path, { token: help.token, body })).status);
      }
      expect(statuses).toEqual([200, 204, 204, 200, 200, 204]);
    }
    for (const { id } of [help, auditor, boss]) await app.nest.get(UsersService).remove(id);
  });

  it('POST /users creates a user with a password, without one, and none with a weak one', async () => {
    const post = (body: object, token = root.token) => app.call('POST', '/users', { token, body });
    const email = 'eve@example.com';
    const created = await post({ email: 'EVE@example.com', password });
    expect(created).toMatchObject({ status: 201, body: { email, disabledAt: null, emailVerifiedAt: null } });
    expect((await app.call('POST', '/auth/login', { body: { email, password } })).status).toBe(200);
    expect(await post({ email, password })).toMatchObject({ status: 409, body: { code: 'email-taken' } });
    expect(await post({ email: 'weak@example.com', password: 'short' })).toMatchObject({
      status: 400,
      body: { code: 'password-rejected' },
    });
    expect(await app.nest.get(UsersService).findByEmail('weak@example.com')).toBeNull();
    expect(await post({ email: 'x', password: null, id: 'x' })).toMatchObject({ status: 400 });

    expect((await post({ email: 'later@example.com' })).status).toBe(201);
    const login = { email: 'later@example.com', password };
    expect((await app.call('POST', '/auth/login', { body: login })).status).toBe(401);
    const { token } = await personWith('reader@example.com', 'auditor');
    expect((await post({ email: 'more@example.com' }, token)).status).toBe(403);
  });

  it('administrators list and end the sessions of users, whose tokens end at once', async () => {
    const ada = await personWith('mia@example.com');
    const user = (await app.nest.get(UsersService).findById(ada.id))!;
    const second = await app.nest.get(SessionsService).start(user, { amr: ['pwd'], userAgent: 'curl/8' });
    const path = `/users/${ada.id}/sessions`;
    interface Sessions {
      sessions: { id: string; userId: string; current: boolean }[];
      next: string | null;
    }
    const { body: first } = await get<Sessions>(`${path}?limit=1`);
    expect(first.sessions).toMatchObject([{ id: second.sessionId, userId: ada.id, current: false }]);
    expect(JSON.stringify(first)).not.toContain('seed');
    const { body: last } = await get<Sessions>(`${path}?limit=1&after=${first.next}`);
    expect([last.sessions.map(({ id }) => id), last.next]).toEqual([[ada.sessionId], null]);

    const { body: all } = await get<Sessions>('/sessions?limit=100');
    expect(all.sessions.filter(({ current }) => current).map(({ id }) => id)).toEqual([root.sessionId]);
    expect(all.sessions.map(({ id }) => id)).toEqual(
      all.sessions
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );

    const end = (of: string) => app.call('DELETE', of, { token: root.token });
    expect((await end(`${path}/${root.sessionId}`)).body).toMatchObject({ code: 'session-not-found' });
    expect((await end(`${path}/x`)).body).toMatchObject({ code: 'session-not-found' });
    expect((await end(`${path}/${ada.sessionId}`)).status).toBe(204);
    expect((await get('/users/me', ada.token)).status).toBe(401);
    expect((await get('/users/me', second.accessToken)).status).toBe(200);
    expect((await end(path)).status).toBe(204);
    expect((await get('/users/me', second.accessToken)).status).toBe(401);
    expect((await get<Sessions>(path)).body).toEqual({ sessions: [], next: null });

    for (const unknown of [crypto.randomUUID(), 'x']) {
      expect((await get(`/users/${unknown}/sessions`)).body).toMatchObject({ code: 'user-not-found' });
      expect((await end(`/users/${unknown}/sessions`)).body).toMatchObject({ code: 'user-not-found' });
    }
    const { token } = await personWith('nosy@example.com', 'auditor');
    for (const route of ['/sessions', path]) {
      expect(await get(route, token)).toMatchObject({ status: 403, body: { permissions: ['sessions:read'] } });
    }
    expect(await app.call('DELETE', path, { token })).toMatchObject({ body: { permissions: ['sessions:write'] } });
    expect(await get<object>('/sessions?after=x')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/after' }] },
    });
  });

  it('UserList reads each page through an index', async () => {
    const { manager } = app.nest.get(Database);
    await manager.query(
      `INSERT INTO users (id, email) SELECT ('01000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'n' || n || '@example.org'
       FROM generate_series(1, 20000) n`,
    );
    await manager.query(
      `INSERT INTO user_roles (user_id, role) SELECT id, 'auditor' FROM users WHERE email LIKE 'n%00@example.org'`,
    );
    await manager.query('ANALYZE users, user_roles');
    const list = app.nest.get(UserList);
    const statements: [string, unknown[]][] = [];
    const query = manager.query.bind(manager);
    const directory = Object.assign(Object.create(list) as object, {
      database: {
        manager: Object.assign(Object.create(manager) as typeof manager, {
          query: (text: string, values: unknown[]) => (statements.push([text, values]), query(text, values)),
        }),
      },
    }) as unknown as UserList;
    for (const sort of ['createdAt', '-createdAt', 'email', '-email'] as const) {
      for (const filter of [
        {},
        { emailPrefix: 'n77' },
        { disabled: true },
        { verified: true },
        { role: ADMINISTRATOR },
      ]) {
        const { next } = await directory.list({ limit: 10, sort, ...filter });
        if (next !== null) await directory.list({ limit: 10, sort, ...filter, after: next });
      }
    }
    await directory.list({ limit: 10, role: 'auditor' });
    expect(statements.length).toBeGreaterThan(20);
    for (const [text, values] of statements) {
      const rows = await manager.query<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${text}`,
        values,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toContain('Seq Scan on users');
    }
  });
});
