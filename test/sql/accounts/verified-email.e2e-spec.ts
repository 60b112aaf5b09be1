import { Module } from '@nestjs/common';
import pg from 'pg';
import { PosternModule } from 'postern';
import { Database } from 'postern/persistence';
import { UserRolesService } from 'postern/roles';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestAnswer, TestDatabase } from 'postern/testing';
import { UserBase, UserField, UsersService } from 'postern/users';
import { Column, Entity } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SmtpInbox } from '../mail/smtp-inbox.js';
import { MailUser } from './mailed-links.js';

const PASSWORD = 'seven small boats at noon';
const OTHER = 'nine grey herons by the weir';
const OWN_TABLES = /one_time_tokens|INSERT INTO (?:outbox_mails|"users"|password_credentials)|FROM "users"/;

@Entity('users')
class Member extends UserBase {
  @UserField({ register: 'optional', write: 'self', read: 'self', example: 'ada' })
  @Column({ name: 'handle', type: 'varchar', length: 40, nullable: true, unique: true })
  handle!: string | null;
}

class MemberColumns1800000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD handle varchar(40) UNIQUE');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP handle');
  }
}

let database: TestDatabase;
let inbox: SmtpInbox;
let user: MailUser;

beforeAll(async () => {
  [database, inbox] = [await createTestDatabase(), await SmtpInbox.open()];
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://id.acme.test',
        secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-verified',
        databaseUrl: database.url,
        user: Member,
        migrations: [MemberColumns1800000000000],
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
        mail: { smtpUrl: inbox.url, from: 'no-reply@acme.test' },
        accounts: { requireVerifiedEmail: true, links: { resetPassword: 'https://app.acme.test/reset?from=mail' } },
        // Twenty parallel registrations of one address.
        limits: { mailAddress: false },
      }),
    ],
  })
  class VerifiedModule {}
  user = new MailUser(await startTestApplication(VerifiedModule), inbox);
});
afterAll(async () => {
  await user?.app.close();
  await inbox?.close();
  await database?.drop();
});

const register = (email: string, changed: object = {}) =>
  user.post('/auth/register', { email, password: PASSWORD, ...changed });
const users = () => user.app.nest.get<UsersService<Member>>(UsersService);

/** The parts of a response that a client can compare. */
function visible({ status, body, headers }: TestAnswer<unknown>): unknown {
  const names = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return { status, body, headers: names };
}

describe('with requireVerifiedEmail', () => {
  it('a user signs in after the address is verified, and only the right password reveals that it is not', async () => {
    expect(await register('ada@example.com')).toMatchObject({ status: 202 });
    const wrong = await user.post('/auth/login', { email: 'ada@example.com', password: OTHER });
    const unknown = await user.post('/auth/login', { email: 'nobody@example.com', password: OTHER });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toEqual({ ...unknown.body, instance: wrong.body['instance'] });
    const right = await user.post('/auth/login', { email: 'ada@example.com', password: PASSWORD });
    expect(right).toMatchObject({ status: 403, body: { code: 'email-unverified' } });
    const token = await user.token('verify-email', 'ada@example.com');
    expect((await user.post('/auth/email/verify', { token })).status).toBe(204);
    expect(await user.logIn('ada@example.com', PASSWORD)).toEqual(expect.any(String));
  });

  it('E1: register, forgot, and resend have the same response for each state of an address', async () => {
    for (const name of ['verified', 'disabled', 'unverified']) await register(`${name}@example.com`);
    for (const name of ['verified', 'disabled']) {
      const token = await user.token('verify-email', `${name}@example.com`);
      await user.post('/auth/email/verify', { token });
    }
    await users().disable((await users().findByEmail('disabled@example.com'))!.id);
    const withoutPassword = await users().create({ email: 'social@example.com', emailVerifiedAt: new Date() });
    expect(withoutPassword.email).toBe('social@example.com');
    const known = ['verified', 'disabled', 'unverified', 'social'].map((name) => `${name}@example.com`);
    for (const path of ['/auth/password/forgot', '/auth/email/resend', '/auth/register']) {
      const ask = async (email: string) =>
        visible(await user.post(path, { email, ...(path === '/auth/register' && { password: OTHER }) }));
      const expected = await ask(`unknown-${path.length}@example.com`);
      expect(expected).toMatchObject({ status: 202 });
      for (const email of known) expect([path, email, await ask(email)]).toEqual([path, email, expected]);
    }
    // The old password of a registered user stays.
    expect(await user.logIn('verified@example.com', PASSWORD)).toEqual(expect.any(String));
    const { text } = await user.mail('account-exists', 'verified@example.com');
    expect(text).toContain('https://app.acme.test/reset?from=mail#token=');
    expect(
      inbox.mails.filter(({ to }) => /^(?:unknown-\d+)@/.test(to)).map(({ headers }) => headers['x-postern-kind']),
    ).toEqual(['verify-email']);
  });

  it('E1: a conflict of another field has the same response for a known and an unknown address', async () => {
    await register('grace@example.com', { handle: 'grace' });
    const known = await register('grace@example.com', { handle: 'grace' });
    const unknown = await register('hopper@example.com', { handle: 'grace' });
    expect([known.status, known.body.code]).toEqual([409, 'conflict']);
    expect(known.body).toEqual({ ...unknown.body, instance: known.body['instance'] });
    expect((await register('grace@example.com', { handle: 'free' })).status).toBe(202);
    expect((await users().findByEmail('grace@example.com'))!.handle).toBe('grace');
    expect(await register('grace@example.com', { password: 'password1234' })).toMatchObject({ status: 400 });
  });

  it('E2: forgot and resend run the same statements for a known and an unknown address', async () => {
    await register('linus@example.com');
    for (const path of ['/auth/password/forgot', '/auth/email/resend']) {
      const [known, unknown] = [
        await statementsOf(() => user.post(path, { email: 'linus@example.com' })),
        await statementsOf(() => user.post(path, { email: 'nobody@example.com' })),
      ];
      expect(known).toEqual([
        expect.stringMatching(/^SELECT .* FROM "users"/),
        expect.stringMatching(/^INSERT INTO one_time_tokens/),
        expect.stringMatching(/^INSERT INTO outbox_mails/),
      ]);
      expect(unknown).toEqual(known);
    }
  });

  it('E3: a decoy is neither sent nor shown', async () => {
    await user.post('/auth/password/forgot', { email: 'ghost@example.com' });
    const mailbox = await user.app.call<{ to: string }[]>('GET', '/dev/mailbox.json');
    expect(mailbox.body.length).toBeGreaterThan(0);
    expect(mailbox.body.filter(({ to }) => to === 'ghost@example.com')).toEqual([]);
    expect(inbox.mails.filter(({ to }) => to === 'ghost@example.com')).toEqual([]);
  });

  it('20 parallel registrations of one address create one user, with one response', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => register('dennis@example.com')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const { manager } = user.app.nest.get(Database);
    const rows = await manager.query<object[]>("SELECT FROM users WHERE email = 'dennis@example.com'");
    expect(rows).toHaveLength(1);
    expect(await manager.query("SELECT FROM users WHERE email LIKE '%@postern.invalid'")).toEqual([]);
  });

  it('P10: the person who registers a taken address gets the account, not the one who registered before', async () => {
    await register('victim@example.com', { password: OTHER });
    await register('victim@example.com');
    const token = await user.token('account-exists', 'victim@example.com');
    expect((await user.post('/auth/password/reset', { token, password: PASSWORD })).status).toBe(204);
    expect((await user.post('/auth/login', { email: 'victim@example.com', password: OTHER })).status).toBe(401);
    expect(await user.logIn('victim@example.com', PASSWORD)).toEqual(expect.any(String));
  });

  it('a user whom an administrator creates gets the link, and a session stays after the address was changed', async () => {
    await register('root@example.com');
    await user.post('/auth/email/verify', { token: await user.token('verify-email', 'root@example.com') });
    const root = (await users().findByEmail('root@example.com'))!;
    await user.app.nest.get(UserRolesService).replace(root.id, ['administrator']);
    const token = await user.logIn('root@example.com', PASSWORD);
    const created = await user.post('/users', { email: 'new@example.com', password: PASSWORD }, token);
    expect(created.status).toBe(201);
    const link = await user.token('verify-email', 'new@example.com');
    expect((await user.post('/auth/email/verify', { token: link })).status).toBe(204);

    const { body } = await user.post('/auth/login', { email: 'new@example.com', password: PASSWORD });
    await users().update(created.body['id'] as string, { email: 'newer@example.com' });
    const refreshed = await user.post('/auth/refresh', { refresh_token: body['refresh_token'] });
    expect(refreshed.status).toBe(200);
    const login = await user.post('/auth/login', { email: 'newer@example.com', password: PASSWORD });
    expect(login).toMatchObject({ status: 403, body: { code: 'email-unverified' } });
  });
});

/** Records the statements of the flows on every connection. */
async function statementsOf(act: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const { prototype } = pg.Client;
  const original = Object.getOwnPropertyDescriptor(prototype, 'query')!;
  const query = original.value as (...parts: unknown[]) => unknown;
  Object.defineProperty(prototype, 'query', {
    ...original,
    value(this: pg.Client, ...parts: unknown[]): unknown {
      const [config] = parts;
      const text = typeof config === 'string' ? config : (config as { text?: string }).text;
      if (text !== undefined && OWN_TABLES.test(text)) statements.push(text.replaceAll(/\s+/g, ' '));
      return query.apply(this, parts);
    },
  });
  try {
    await act();
    return statements;
  } finally {
    Object.defineProperty(prototype, 'query', original);
  }
}
