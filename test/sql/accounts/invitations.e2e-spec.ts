import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { UsersService } from 'postern/users';
import { SmtpInbox } from '../mail/smtp-inbox.js';
import { MailUser, tokenIn } from './mailed-links.js';

const PASSWORD = 'seven small boats at noon';
const INVALID = { status: 400, body: { code: 'one-time-token-invalid' } };
const DAY_SECONDS = 86_400;

interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly roles: readonly string[];
}

describe('invitations', () => {
  let database: TestDatabase;
  let inbox: SmtpInbox;
  let user: MailUser;
  let other: MailUser;
  let boss: string;
  let serial = 0;

  beforeAll(async () => {
    [database, inbox] = [await createTestDatabase(), await SmtpInbox.open()];
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.acme.test',
          secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-invite',
          databaseUrl: database.url,
          clock: ManualClock,
          password: { argon2: { memoryKiB: 1024, iterations: 1 } },
          mail: { smtpUrl: inbox.url, from: 'no-reply@acme.test' },
          roles: [
            { name: 'recruiter', description: 'Invites', permissions: ['users:read', 'users:write'] },
            { name: 'reader', description: 'Reads users', permissions: ['users:read'] },
            { name: 'keeper', description: 'Rotates keys', permissions: ['keys:write'] },
          ],
        }),
      ],
    })
    class InvitationsModule {}
    user = new MailUser(await startTestApplication(InvitationsModule), inbox);
    other = new MailUser(await startTestApplication(InvitationsModule, { adapter: 'express' }), inbox);
    boss = (await withRoles(ADMINISTRATOR)).token;
  });
  afterAll(async () => {
    await user?.app.close();
    await other?.app.close();
    await inbox?.close();
    await database?.drop();
  });

  const emailOf = (name: string) => `${name}-${(serial += 1)}@example.com`;
  const users = () => user.app.nest.get(UsersService);
  const userRoles = () => user.app.nest.get(UserRolesService);
  const sql = (text: string, values: unknown[] = []) =>
    user.app.nest.get(Database).manager.query<Record<string, unknown>[]>(text, values);
  const pass = (seconds: number) => {
    for (const { app } of [user, other]) app.nest.get<ManualClock>(Clock).advance(seconds);
  };

  async function withRoles(...roles: string[]): Promise<{ id: string; token: string; email: string }> {
    const email = emailOf('staff');
    const { body } = await user.post('/auth/register', { email, password: PASSWORD });
    const id = body['id'] as string;
    await userRoles().replace(id, roles);
    return { id, email, token: await user.logIn(email, PASSWORD) };
  }

  const invite = (email: string, roles: readonly string[], token = boss, headers = {}) =>
    user.post('/invitations', { email, roles }, token, headers);
  const accept = (token: string, more: object = {}, on = user) =>
    on.post('/auth/invitations/accept', { token, password: PASSWORD, ...more });

  /** The token of a new invitation. */
  async function invited(roles: readonly string[], token = boss, email = emailOf('guest')) {
    const { status, body } = await invite(email, roles, token);
    expect(status).toBe(201);
    return { email, id: body['id'] as string, token: await user.token('invitation', email) };
  }

  it('a user whom an administrator creates without a password sets it by the link of a mail, within seven days', async () => {
    const email = emailOf('created');
    expect((await user.post('/users', { email }, boss)).status).toBe(201);
    const token = await user.token('set-password', email);
    pass(6 * DAY_SECONDS);
    expect((await other.post('/auth/password/reset', { token, password: PASSWORD })).status).toBe(204);
    await user.logIn(email, PASSWORD);
    // The link verifies the address, too.
    expect(await sql('SELECT 1 FROM users WHERE email = $1 AND email_verified_at IS NOT NULL', [email])).toHaveLength(
      1,
    );
    boss = (await withRoles(ADMINISTRATOR)).token;
  });

  it('an invited person gets an account with a verified address and the roles, and the link works once', async () => {
    const email = emailOf('Guest');
    const { status, body } = await invite(email, ['reader', 'reader'], boss, { 'accept-language': 'ko' });
    expect([status, body['email'], body['roles']]).toEqual([201, email.toLowerCase(), ['reader']]);
    expect(Date.parse(body['expiresAt'] as string) - Date.parse(body['createdAt'] as string)).toBe(
      7 * DAY_SECONDS * 1000,
    );
    const mail = await user.mail('invitation', email.toLowerCase());
    expect(mail.subject).toContain('초대');
    expect(mail.text).toContain('https://id.acme.test/account/accept-invitation#token=');
    const token = tokenIn(mail);
    expect(JSON.stringify(body)).not.toContain(token);

    // P9: a scanner that opens the link does not spend it.
    for (const method of ['GET', 'HEAD']) await user.app.call(method, `/account/accept-invitation?token=${token}`);
    expect((await accept(token, { password: 'password1234' })).body.code).toBe('password-rejected');
    expect((await accept(token, { email: 'other@example.com' })).status).toBe(400);
    const answer = await accept(token, {}, other);
    expect([answer.status, answer.body['email']]).toEqual([201, email.toLowerCase()]);
    expect(answer.body['emailVerifiedAt']).toEqual(expect.any(String));
    expect(await userRoles().rolesOf(answer.body['id'] as string)).toEqual(['reader']);
    expect(await accept(token)).toMatchObject(INVALID);
    const session = await user.logIn(email, PASSWORD);
    expect((await user.app.call('GET', '/users', { token: session })).status).toBe(200);
    expect(
      (await user.app.call('POST', '/invitations', { token: session, body: { email: 'x@example.com' } })).status,
    ).toBe(403);
  });

  it('an administrator invites only with permissions that the administrator has', async () => {
    const { token } = await withRoles('recruiter');
    for (const role of ['keeper', ADMINISTRATOR]) {
      expect(await invite(emailOf('guest'), [role], token)).toMatchObject({
        status: 403,
        body: { code: 'permission-not-held' },
      });
    }
    expect(await invite(emailOf('guest'), ['reader', 'unknown'], token)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/roles/1' }] },
    });
    expect((await invite('a@example.com, b@example.com', [], token)).status).toBe(400);
    const taken = await withRoles();
    expect(await invite(taken.email.toUpperCase(), [], token)).toMatchObject({
      status: 409,
      body: { code: 'email-taken' },
    });
    expect(
      await sql('SELECT 1 FROM one_time_tokens WHERE purpose = $1 AND email = $2', ['accept-invitation', taken.email]),
    ).toEqual([]);
  });

  it('an invitation is worth nothing while its inviter could not invite with these roles', async () => {
    const inviter = await withRoles('recruiter', 'keeper');
    const guest = await invited(['keeper'], inviter.token);
    await userRoles().replace(inviter.id, ['recruiter']);
    expect(await accept(guest.token)).toMatchObject(INVALID);
    // A role that was taken is given again, and a user enabled, only after the second of the change.
    pass(2);
    await userRoles().replace(inviter.id, ['keeper', 'reader']);
    expect(await accept(guest.token)).toMatchObject(INVALID);
    pass(2);
    await userRoles().replace(inviter.id, ['recruiter', 'keeper']);
    await users().disable(inviter.id);
    expect(await accept(guest.token)).toMatchObject(INVALID);
    pass(2);
    await users().enable(inviter.id);
    await user.app.nest.get(RolesService).update('recruiter', { permissions: ['users:read'] });
    expect(await accept(guest.token)).toMatchObject(INVALID);
    await user.app.nest.get(RolesService).update('recruiter', { permissions: ['users:read', 'users:write'] });
    expect(await users().findByEmail(guest.email)).toBeNull();
    expect((await accept(guest.token)).status).toBe(201);

    const [last, second] = [await withRoles('recruiter'), await withRoles(ADMINISTRATOR)];
    const [orphan, roleless] = [await invited([], last.token), await invited(['reader'], second.token)];
    await users().remove(last.id);
    expect(await accept(orphan.token)).toMatchObject(INVALID);
    await sql('DELETE FROM roles WHERE name = $1', ['reader']);
    expect(await accept(roleless.token)).toMatchObject(INVALID);
    await user.app.nest
      .get(RolesService)
      .create({ name: 'reader', description: 'Reads users', permissions: ['users:read'] });
  });

  it('P2: a newer invitation replaces the older one, and a revoked or expired one is not valid', async () => {
    const first = await invited(['reader']);
    const second = await invited([], boss, first.email);
    expect(await accept(first.token)).toMatchObject(INVALID);
    expect((await user.app.call('DELETE', `/invitations/${first.id}`, { token: boss })).status).toBe(404);
    const { body } = await accept(second.token);
    expect(await userRoles().rolesOf(body['id'] as string)).toEqual([]);

    const third = await invited([]);
    expect((await user.app.call('DELETE', `/invitations/${third.id}`, { token: boss })).status).toBe(204);
    expect(await accept(third.token)).toMatchObject(INVALID);
    expect(await user.app.call('DELETE', '/invitations/x', { token: boss })).toMatchObject({
      status: 404,
      body: { code: 'invitation-not-found' },
    });

    const late = await invited([]);
    pass(7 * DAY_SECONDS);
    expect(await accept(late.token)).toMatchObject(INVALID);
    boss = (await withRoles(ADMINISTRATOR)).token;
  });

  it('the list has each open invitation once, page by page', async () => {
    await sql('DELETE FROM invitations');
    const emails: string[] = [];
    for (let index = 0; index < 5; index += 1) emails.push((await invited([])).email);
    const found: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const path: string = `/invitations?limit=2${next === '' ? '' : `&after=${next}`}`;
      const { status, body } = await other.app.call<{ invitations: Invitation[]; next: string | null }>('GET', path, {
        token: boss,
      });
      expect(status).toBe(200);
      found.push(...body.invitations.map(({ email }) => email));
      next = body.next;
    }
    expect(found).toEqual(emails);
    for (const query of ['limit=0', 'limit=101', 'after=x', 'unknown=1']) {
      expect((await user.app.call('GET', `/invitations?${query}`, { token: boss })).status).toBe(400);
    }
  });

  it('50 parallel acceptances at two servers create one user', async () => {
    const guest = await invited(['reader']);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => accept(guest.token, {}, index % 2 === 0 ? user : other)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    // The address of a spent token is taken; a full hashing queue answers 503.
    for (const { status } of answers) expect([201, 400, 503]).toContain(status);
    expect(await sql('SELECT id FROM users WHERE email = $1', [guest.email])).toHaveLength(1);
  });

  it('an invitation and an acceptance of one address in parallel never deadlock', async () => {
    const { token } = await withRoles(ADMINISTRATOR);
    for (let round = 0; round < 5; round += 1) {
      const guest = await invited([], token);
      const answers = await Promise.all([
        accept(guest.token),
        invite(guest.email, [], token),
        accept(guest.token, {}, other),
        invite(guest.email, ['reader'], token),
      ]);
      for (const { status } of answers) expect([201, 400, 409]).toContain(status);
    }
  });

  it('P10: a person who registered the address first keeps it, and the acceptance changes nothing', async () => {
    const guest = await invited([ADMINISTRATOR]);
    const { body } = await user.post('/auth/register', {
      email: guest.email,
      password: 'nine grey herons by the weir',
    });
    expect(await accept(guest.token)).toMatchObject({ status: 409, body: { code: 'email-taken' } });
    expect(await userRoles().rolesOf(body['id'] as string)).toEqual([]);
    expect((await users().findByEmail(guest.email))!.emailVerifiedAt).toBeNull();
  });
});
