import { Module } from '@nestjs/common';
import { documentOf, PosternModule } from 'postern';
import { ADMINISTRATOR, UserRolesService } from 'postern/roles';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { UsersService } from 'postern/users';

const PATH = '/auth/first-administrator';
const password = 'seven small boats at noon';
const secret = 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-first';
const CODE = /[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}/;

let database: TestDatabase;
const open = new Set<TestApplication>();

/** Starts a replica, and returns it with the codes in its log. */
async function start(
  adapter: 'express' | 'fastify',
  production = false,
): Promise<{ app: TestApplication; codes: string[] }> {
  @Module({
    imports: [
      PosternModule.forRoot({ issuer: 'http://localhost:3000', secret, databaseUrl: database.url, production }),
    ],
  })
  class ReplicaModule {}
  const codes: string[] = [];
  const note = (line: unknown): void => {
    const code = CODE.exec(String(line))?.[0];
    if (code !== undefined) codes.push(code);
  };
  const logger = { log: note, warn: note, error: note };
  const app = await startTestApplication(ReplicaModule, { adapter, logger });
  open.add(app);
  return { app, codes };
}

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await Promise.all([...open].map((app) => app.close()));
  open.clear();
  await database.drop();
});

describe('POST /auth/first-administrator', () => {
  it('the first administrator is created once by 20 parallel calls to two replicas, with one code', async () => {
    const [a, b] = [await start('fastify'), await start('express')];
    const [code] = a.codes;
    // Each replica and each restart logs the same code.
    expect([a.codes, b.codes]).toEqual([[code], [code]]);
    const weak = { code, email: 'root@example.com', password: 'password1234' };
    expect(await b.app.call('POST', PATH, { body: weak })).toMatchObject({
      status: 400,
      body: { code: 'password-rejected' },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        [a, b][index % 2]!.app.call('POST', PATH, {
          body: { code: code!.toLowerCase(), email: `root${index % 3}@example.com`, password },
        }),
      ),
    );
    const created = answers.filter(({ status }) => status === 201);
    expect(created).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.code]).toEqual([409, 'first-administrator-exists']);
    }
    const { id, email } = created[0]!.body as { id: string; email: string };
    expect(await a.app.nest.get(UserRolesService).rolesOf(id)).toEqual([ADMINISTRATOR]);

    const { body: tokens } = await b.app.call('POST', '/auth/login', { body: { email, password } });
    const token = tokens.access_token as string;
    const { body: page } = await a.app.call<{ users: unknown[] }>('GET', '/users', { token });
    expect(page.users).toHaveLength(1);
    expect((await start('fastify')).codes).toEqual([]);
  });

  it('ten wrong codes invalidate the code until a start logs another one, with one error for all', async () => {
    const { app, codes } = await start('fastify');
    const send = (code: string) =>
      app.call('POST', PATH, { body: { code, email: 'root@example.com', password: 'password1234' } });
    const wrong = ['', 'x', `${codes[0]!.slice(0, -1)}?`, ...Array.from({ length: 9 }, () => 'AAAA-AAAA')];
    const answers = await Promise.all(wrong.map(send));
    const title = (body: Record<string, unknown>) => [body.code, body.title, body.detail];
    for (const answer of [...answers, await send(codes[0]!)]) {
      expect([answer.status, ...title(answer.body)]).toEqual([403, ...title(answers[0]!.body)]);
    }
    expect(answers[0]!.body.code).toBe('first-administrator-code-invalid');
    const next = await start('express');
    expect(next.codes).not.toEqual(codes);
    const body = { code: next.codes[0], email: 'root@example.com', password };
    expect((await app.call('POST', PATH, { body })).status).toBe(201);
  });

  it.each(['fastify', 'express'] as const)('production has no such route and logs no code: %s', async (adapter) => {
    const { app, codes } = await start(adapter, true);
    const answer = await app.call('POST', PATH, { body: {} });
    const unknown = await app.call('POST', '/auth/no-such-route', { body: {} });
    expect([answer.status, answer.body.code]).toEqual([unknown.status, unknown.body.code]);
    expect(answer.status).toBe(404);
    expect(codes).toEqual([]);
    expect(Object.keys(documentOf(app.nest).paths)).not.toContain(PATH);
  });

  it('production by asynchronous settings responds as if the route did not exist', async () => {
    @Module({
      imports: [
        PosternModule.forRootAsync({
          useFactory: () => ({
            issuer: 'http://localhost:3000',
            secret,
            databaseUrl: database.url,
            production: true,
          }),
        }),
      ],
    })
    class AsyncModule {}
    const app = await startTestApplication(AsyncModule);
    open.add(app);
    const answer = await app.call('POST', PATH, { body: { unknown: 1 } });
    const unknown = await app.call('POST', '/auth/no-such-route', { body: { unknown: 1 } });
    expect([answer.status, answer.body.code, answer.body.title]).toEqual([
      unknown.status,
      unknown.body.code,
      unknown.body.title,
    ]);
  });

  it('in production, the OpenAPI document does not have the route, also if the settings are asynchronous', async () => {
    const settings = { issuer: 'http://localhost:3000', secret, databaseUrl: database.url, production: true };
    @Module({ imports: [PosternModule.forRootAsync({ useFactory: () => settings })] })
    class ReplicaModule {}
    const app = await startTestApplication(ReplicaModule, { adapter: 'fastify' });
    open.add(app);
    const document = documentOf(app.nest);
    expect(Object.keys(document.paths)).toContain('/auth/register');
    expect(JSON.stringify(document)).not.toMatch(/first.?administrator|First steps/i);
  });

  it('the OpenAPI document has the first administrator under its first tag', async () => {
    const { app } = await start('fastify');
    const document = documentOf(app.nest);
    expect(document.tags?.[0]?.name).toBe('First steps');
    expect(document.paths[PATH]?.post?.tags).toEqual(['First steps']);
    await app.nest.get(UsersService).create({ email: 'ada@example.com' });
    const body = { code: 'x', email: 'ada@example.com', password };
    // A user without the role is not an administrator.
    expect((await app.call('POST', PATH, { body })).status).toBe(403);
  });
});
